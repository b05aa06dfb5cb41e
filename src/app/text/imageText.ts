/** Texts about images and the facts read from their files. */
import { t } from '../i18n/i18n.svelte';
import type { MessageKey } from '../i18n/messages';

/** The parts of an image that its texts need. */
export interface NamedImage {
  readonly name: string;
  /** Index of the shown frame, from 0. */
  readonly frame: number;
  readonly frames: number;
  readonly preview: { readonly format: string; readonly nifti?: unknown } | null;
}

/** What the file’s frames are called. */
export function frameWord(image: NamedImage): 'frame' | 'page' | 'slice' {
  if (image.preview?.nifti) return 'slice';
  return image.preview?.format === 'TIFF' ? 'page' : 'frame';
}

const FRAME_OF = { frame: 'image.frameOf', page: 'image.pageOf', slice: 'image.sliceOf' } as const;

/** “Frame 12 of 40”. */
export function frameText(image: NamedImage): string {
  return t(FRAME_OF[frameWord(image)], { frame: image.frame + 1, frames: image.frames });
}

/** The name of an image and, where its file has several, of the frame. */
export function placeText(image: NamedImage): string {
  if (image.frames === 1) return image.name;
  return t('image.frameNamed', { name: image.name, place: frameText(image) });
}

/** By the worker’s names, in lower case and with hyphens. */
const PRESETS: Readonly<Record<string, MessageKey>> = {
  'from-the-file': 'image.presetFromFile',
  'full-range': 'image.presetFull',
  '1-%-to-99-%': 'image.presetQuantiles',
  'soft-tissue': 'image.presetSoftTissue',
  lung: 'image.presetLung',
  bone: 'image.presetBone',
  brain: 'image.presetBrain',
};

/** A window’s name: a preset’s in the page’s language, the file’s own unchanged. */
export function presetText(name: string): string {
  const key = PRESETS[name.toLowerCase().replaceAll(' ', '-')];
  if (key) return t(key);
  const nth = /^From the file \((\d+)\)$/.exec(name)?.[1];
  return nth ? t('image.presetFromFileNth', { number: nth }) : name;
}

/** A pixel value: integers as they are, other numbers with four significant digits. */
export function valueText(value: number): string {
  if (Number.isNaN(value)) return '—';
  const text = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  return text.replace('-', '−');
}
