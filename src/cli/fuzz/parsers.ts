/** All parsers that `npm run fuzz` knows. Each area of the code has a file. */
import { parsers as converter } from './converter';
import { parsers as dicom } from './dicom';
import { parsers as images } from './images';
import { parsers as text } from './text';
import type { FuzzParser } from './types';

/** @param name one of PARSERS */
export function parserOf(name: string): FuzzParser {
  const parser = PARSERS.find((known) => known.name === name);
  if (!parser) throw new Error(`No parser ${name}`);
  return parser;
}

export const PARSERS: readonly FuzzParser[] = [...converter, ...dicom, ...images, ...text];
