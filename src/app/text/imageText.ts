/** Texts about images and the facts read from their files. */
import { IDENTIFYING_CODES, type WindowLabel } from '../../shared/imageFacts';
import { t } from '../i18n/i18n.svelte';
import type { MessageKey } from '../i18n/messages';

/** The parts of an image that its texts need. */
export interface NamedImage {
  readonly name: string;
  /** Index of the shown frame, from 0. */
  readonly frame: number;
  readonly frames: number;
  /** Not null for the slices of a series. */
  readonly stack?: readonly unknown[] | null;
  readonly preview: { readonly format: string; readonly nifti?: unknown } | null;
}

/** What the file’s frames are called. */
export function frameWord(image: NamedImage): 'frame' | 'page' | 'slice' {
  if (image.stack || image.preview?.nifti) return 'slice';
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

const WINDOWS: Readonly<Record<Exclude<WindowLabel['code'], 'file' | 'file_text'>, MessageKey>> = {
  full_range: 'image.presetFull',
  quantiles: 'image.presetQuantiles',
  soft_tissue: 'image.presetSoftTissue',
  lung: 'image.presetLung',
  bone: 'image.presetBone',
  brain: 'image.presetBrain',
};

/** A window’s name in the visitor’s language, or the file’s own label, unchanged. */
export function windowLabelText(label: WindowLabel): string {
  if (label.code === 'file_text') return label.params.text;
  if (label.code !== 'file') return t(WINDOWS[label.code]);
  const { number } = label.params;
  return number === 1 ? t('image.presetFromFile') : t('image.presetFromFileNth', { number });
}

/** The name of a field that may identify the patient. Cases of earlier versions hold English names, which stay as they are. */
export function identifyingText(code: string): string {
  const known = IDENTIFYING_CODES.find((one) => one === code);
  return known ? t(`image.field${known}`) : code;
}

/** A value of an image for display: an integer as it is, else four significant digits. */
export function valueText(value: number): string {
  if (Number.isNaN(value)) return '—';
  const text = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  return text.replace('-', '−');
}

/** Why files were left out; state/images/intake.svelte.ts. */
export interface LeftOutFiles {
  readonly reason: keyof typeof LEFT_OUT;
  readonly count: number;
  readonly total: number;
  readonly names: readonly string[];
}

const LEFT_OUT = {
  full: 'image.leftOutFull',
  notImage: 'image.leftOutNotImage',
  isText: 'image.leftOutText',
  copy: 'image.leftOutCopy',
  unreadable: 'image.leftOutUnreadable',
  archive: 'image.leftOutArchive',
  tooLarge: 'image.leftOutTooLarge',
  tooDeep: 'image.leftOutTooDeep',
  tooMany: 'image.leftOutTooMany',
} as const;

/** “18 of 24 images were left out: …”, with the first names. @param max images that a question can have */
export function leftOutText({ reason, count, total, names }: LeftOutFiles, max: number): string {
  const more = count > names.length ? ['…'] : [];
  return t(LEFT_OUT[reason], { count, total, max, names: [...names, ...more].join(', ') });
}
