/**
 * TIFF → 8-bit RGB like Pillow; except grey of 16 bits and more, which Pillow would clip and which follows the same rules as
 * 16-bit PNG. TIFF 6.0.
 */
import { openBytes } from '../byteSource';
import type { DecodedImage, DecodeOptions, ImageFile } from '../decoded';
import { checkDimensions } from '../dimensions';
import { xmpOrientation } from '../exif';
import { type DeepGrey, renderDeepGrey } from '../deepGrey';
import { reduceDepth } from '../depth';
import { type Samples, spreadGrey } from '../grey';
import { invalidImage, missingPart, unsupportedImage } from '../imageError';
import { byteOverWhite } from '../overWhite';
import { turn, turnAspect, turnPixels } from '../turn';
import { damagedTiff, type Directory, readTiff, TAG } from './ifd';
import { readSamples, type PageLayout } from './samples';

/** Photometric Interpretation. */
const WHITE_IS_ZERO = 0;
const GREY = 1;
const RGB = 2;
const PALETTE = 3;
const REFUSED: Record<number, string> = {
  4: 'masks',
  5: 'CMYK colours',
  6: 'YCbCr colours',
  8: 'CIELab colours',
};

/** Sample formats, as they are named in errors. */
const KINDS: Record<number, string> = {
  1: 'samples',
  2: 'signed samples',
  3: 'floating-point samples',
  5: 'complex samples',
  6: 'complex samples',
};

/**
 * Of a large file, only its directories and the page that is shown are read.
 *
 * @throws RoundsError image_invalid, image_unsupported, image_too_large, request_invalid (no such page, an unusable window)
 */
export async function decodeTiff(file: ImageFile, options: DecodeOptions = {}): Promise<DecodedImage> {
  const tiff = await readTiff(await openBytes(file));
  const frame = options.frame ?? 0;
  const page = tiff.pages[frame];
  if (!page) throw missingPart('page', frame, tiff.pages.length);
  try {
    await page.load(tiff);
    const layout = readLayout(page);
    const { data, raw, ...shown } = render(await readSamples(tiff, page, layout), page, layout, options);
    const orientation =
      page.all(TAG.orientation)[0] ?? xmpOrientation(Uint8Array.from(page.all(TAG.xmp))) ?? 1;
    const { width, height } = layout;
    return {
      ...turn({ width, height, data }, orientation),
      facts: {
        format: 'TIFF',
        frames: tiff.pages.length,
        frame,
        ...shown,
        unit: '',
        pixelAspect: turnAspect(readAspect(page), orientation),
      },
      ...(raw ? { raw: { ...raw, values: turnPixels(raw.values, layout, orientation) } } : {}),
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw damagedTiff(error);
  }
}

function readLayout(page: Directory): PageLayout {
  const layout = {
    width: page.count(TAG.width, 0),
    height: page.count(TAG.height, 0),
    samples: page.count(TAG.samplesPerPixel, 1),
    bits: page.count(TAG.bitsPerSample, 1),
    // 4 is undefined data, which readers take for unsigned numbers.
    format: page.count(TAG.sampleFormat, 1) === 4 ? 1 : page.count(TAG.sampleFormat, 1),
    isPlanar: page.first(TAG.planarConfiguration, 1) === 2,
  };
  checkDimensions(layout);
  const { bits, format, samples } = layout;
  const isEven = page.all(TAG.bitsPerSample).every((each) => each === bits);
  const isKnown =
    format === 3
      ? [16, 32, 64].includes(bits)
      : (format === 1 && bits <= 16) || [8, 16, 32, 64].includes(bits);
  if (!isEven || !isKnown || ![1, 2, 3].includes(format) || bits < 1) {
    const kind = KINDS[format] ?? `kind ${format}`;
    const each = isEven ? `${bits} bits` : 'different sizes';
    throw unsupportedImage(`TIFF images with ${kind} of ${each} can’t be opened`);
  }
  if (samples < 1 || samples > 16) throw invalidImage('the TIFF header contradicts itself about the pixels');
  return layout;
}

/** Height of a stored pixel divided by its width, from the resolution across and down. */
function readAspect(page: Directory): number {
  const across = page.first(TAG.xResolution, 1);
  const down = page.first(TAG.yResolution, 1);
  return across > 0 && down > 0 ? across / down : 1;
}

function render(samples: Samples, page: Directory, layout: PageLayout, options: DecodeOptions): DeepGrey {
  const photometric = page.first(TAG.photometric, GREY);
  const plain = (data: Uint8Array<ArrayBuffer>): DeepGrey => ({ data, window: null, presets: [] });
  if (photometric === PALETTE) return plain(fromPalette(samples, page, layout));
  if (photometric === RGB && layout.samples >= 3)
    return { ...plain(new Uint8Array()), ...fromRgb(samples, page, layout) };
  if (photometric === GREY || photometric === WHITE_IS_ZERO) {
    const { bits, format } = layout;
    const stored = firstSamples(samples, layout.samples);
    const isInverted = photometric === WHITE_IS_ZERO;
    if (format === 1 && bits <= 8) return plain(spreadGrey(spreadBits(stored, bits), isInverted));
    return renderDeepGrey(stored, layout, format === 1 && bits <= 16 ? bits : null, isInverted, options);
  }
  const kind = REFUSED[photometric] ?? `photometric interpretation ${photometric}`;
  throw unsupportedImage(`TIFF images with ${kind} can’t be opened`);
}

function firstSamples(samples: Samples, perPixel: number): Samples {
  if (perPixel === 1) return samples;
  const count = samples.length / perPixel;
  // In the place of the others, which aren't needed any more.
  for (let i = 0; i < count; i++) samples[i] = samples[i * perPixel]!;
  return samples.subarray(0, count);
}

/** Spreads values of 1–8 bits over 0–255. */
function spreadBits(stored: Samples, bits: number): Uint8Array {
  const white = 2 ** bits - 1;
  const levels = new Uint8Array(stored.length);
  for (let i = 0; i < levels.length; i++) levels[i] = Math.floor((stored[i]! * 255) / white);
  return levels;
}

/** What the fourth sample of an RGB pixel is (ExtraSamples): nothing, α, or α that the colours were multiplied with. */
type Alpha = 'none' | 'plain' | 'associated';

function alphaOf(page: Directory, samples: number): Alpha {
  if (samples < 4) return 'none';
  const kind = page.all(TAG.extraSamples)[0];
  if (kind === 1) return 'associated';
  // Writers that forget to say what it is mean α, like in Pillow; 999 is Corel's.
  return kind === 2 || kind === 999 || (kind === undefined && samples === 4) ? 'plain' : 'none';
}

/** The upper byte of each sample, or of the bits that are used; transparency on white. */
function fromRgb(
  samples: Samples,
  page: Directory,
  { samples: perPixel, bits, format }: PageLayout,
): Pick<DeepGrey, 'data' | 'usedBits'> {
  if (format !== 1 || (bits !== 8 && bits !== 16)) {
    throw unsupportedImage(`TIFF images with colours of ${bits} bits can’t be opened`);
  }
  const alpha = alphaOf(page, perPixel);
  const { data, usedBits } = reduceDepth(samples, perPixel, bits, alpha !== 'associated');
  if (alpha !== 'none') {
    for (let i = 0, from = 3; from < samples.length; i += 3, from += perPixel)
      blend(data, i, samples[from]! >> (bits - 8), alpha);
  }
  return { data, ...(usedBits ? { usedBits } : {}) };
}

/** Associated colours are divided by α first, with Pillow's rounding. */
function blend(data: Uint8Array, at: number, alpha: number, kind: Alpha): void {
  if (alpha === 255) return;
  for (let channel = at; channel < at + 3; channel++) {
    const value = data[channel]!;
    const color =
      kind === 'associated' && alpha > 0 ? Math.min(255, Math.floor((255 * value) / alpha)) : value;
    data[channel] = byteOverWhite(color, alpha);
  }
}

function fromPalette(samples: Samples, page: Directory, { bits, samples: perPixel }: PageLayout) {
  const map = page.all(TAG.colorMap);
  const entries = 2 ** bits;
  if (bits > 8 || map.length < entries * 3) throw invalidImage('the colour palette is incomplete');
  // Entries have 16 bits; some writers put 8 into them.
  const shift = map.every((entry) => entry < 256) ? 0 : 8;
  const colors = Uint8Array.from(map, (entry) => entry >> shift);
  const indexes = firstSamples(samples, perPixel);
  const rgb = new Uint8Array(indexes.length * 3);
  for (let i = 0, to = 0; i < indexes.length; i++, to += 3) {
    const index = indexes[i]!;
    rgb[to] = colors[index]!;
    rgb[to + 1] = colors[entries + index]!;
    rgb[to + 2] = colors[entries * 2 + index]!;
  }
  return rgb;
}
