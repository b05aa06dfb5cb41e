/** Decodes hand-made files, and says what is expected of the result. */
import { expect } from 'vitest';
import type { DecodeOptions } from '../../decoded';
import { decodeDicom } from '../decodeDicom';
import { dicomFile, imageElements, type ImageOptions, type TestElement } from './testDicom';

export async function decode(image: ImageOptions, options: DecodeOptions = {}, syntax = 'explicit') {
  return decodeDicom(await dicomFile(imageElements(image), syntax), options);
}

/** The red channel, which is the grey level of grey images. */
export const grey = ({ data }: { data: Uint8Array }) => [...data].filter((_, i) => i % 3 === 0);

export const window = (center: string, width: string): TestElement[] => [
  { tag: [0x0028, 0x1050], vr: 'DS', value: center },
  { tag: [0x0028, 0x1051], vr: 'DS', value: width },
];
export const FULL = window('128', '256');

export const refusal = (code: string, text: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(text) as string }) as Error;
