/**
 * TIFF → 8-bit RGB as Pillow reads it; and the grey of 16 bits and more, which Pillow would clip, by the same rules as
 * 16-bit PNG and DICOM. TIFF 6.0.
 */
import { RoundsError } from '../../shared/errors';
import type { DecodedImage, DecodeOptions } from '../decoded';
import { checkDimensions } from '../dimensions';
import { type DeepGrey, renderDeepGrey } from '../deepGrey';
import { type Samples, spreadGrey } from '../grey';
import { overWhite } from '../overWhite';
import { type Directory, readTiff, TAG } from './ifd';
import { readSamples, type PageLayout } from './samples';
import { turn, turnPixels } from './turn';

/** Photometric Interpretation. */
const WHITE_IS_ZERO = 0;
const GREY = 1;
const RGB = 2;
const PALETTE = 3;
const REFUSED: Record<number, string> = {
  4: 'a mask',
  5: 'CMYK colours',
  6: 'YCbCr colours',
  8: 'CIELab colours',
};

/**
 * @param bytes the whole file
 * @throws RoundsError image_invalid, image_unsupported, image_too_large, request_invalid (no such page, a window that is none)
 */
export async function decodeTiff(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  options: DecodeOptions = {},
): Promise<DecodedImage> {
  const file = readTiff(bytes, name);
  const frame = options.frame ?? 0;
  const page = file.pages[frame];
  if (!page) {
    const sentence = `${name} has ${file.pages.length} pages, but page ${frame} was asked.`;
    throw new RoundsError('request_invalid', sentence);
  }
  try {
    const layout = readLayout(page, name);
    const samples = await readSamples(file, page, layout, name);
    const image = render(samples, page, layout, name, options);
    const orientation = page.first(TAG.orientation, 1);
    const turned = turn({ width: layout.width, height: layout.height, data: image.data }, orientation);
    const values = image.raw && turnPixels(image.raw.values, layout, orientation);
    return {
      ...turned,
      facts: {
        format: 'TIFF',
        frames: file.pages.length,
        frame,
        window: image.window,
        presets: image.presets,
        unit: '',
        pixelAspect: readAspect(page, orientation),
      },
      ...(image.raw && values ? { raw: { ...image.raw, values } } : {}),
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RoundsError('image_invalid', `${name} is a damaged or incomplete TIFF image.`, {
      cause: error,
    });
  }
}

function readLayout(page: Directory, name: string): PageLayout {
  const layout = {
    width: page.first(TAG.width, 0),
    height: page.first(TAG.height, 0),
    samples: page.first(TAG.samplesPerPixel, 1),
    bits: page.first(TAG.bitsPerSample, 1),
    format: page.first(TAG.sampleFormat, 1),
    isPlanar: page.first(TAG.planarConfiguration, 1) === 2,
  };
  checkDimensions(layout, name);
  const { bits, format, samples } = layout;
  const isEven = page.all(TAG.bitsPerSample).every((each) => each === bits);
  const isKnown =
    format === 3 ? bits === 32 || bits === 64 : (format === 1 && bits <= 16) || [8, 16, 32].includes(bits);
  if (!isEven || !isKnown || ![1, 2, 3].includes(format) || bits < 1) {
    throw new RoundsError(
      'image_unsupported',
      `${name} is a TIFF image with samples of ${bits} bits, which cannot be opened.`,
    );
  }
  if (samples < 1 || samples > 16)
    throw new RoundsError('image_invalid', `${name} contradicts itself about its pixels.`);
  return layout;
}

/** Height of a pixel over its width, from pixels per unit across and down. */
function readAspect(page: Directory, orientation: number): number {
  const across = page.first(TAG.xResolution, 1);
  const down = page.first(TAG.yResolution, 1);
  if (!(across > 0 && down > 0)) return 1;
  return orientation > 4 ? down / across : across / down;
}

function render(
  samples: Samples,
  page: Directory,
  layout: PageLayout,
  name: string,
  options: DecodeOptions,
): DeepGrey {
  const photometric = page.first(TAG.photometric, GREY);
  const plain = (data: Uint8Array<ArrayBuffer>): DeepGrey => ({ data, window: null, presets: [] });
  if (photometric === PALETTE) return plain(fromPalette(samples, page, layout, name));
  if (photometric === RGB && layout.samples >= 3) return plain(fromRgb(samples, page, layout, name));
  if (photometric === GREY || photometric === WHITE_IS_ZERO) {
    const { bits, format } = layout;
    const stored = firstSamples(samples, layout.samples);
    const isInverted = photometric === WHITE_IS_ZERO;
    if (format === 1 && bits <= 8) return plain(spreadGrey(spreadBits(stored, bits), isInverted));
    return renderDeepGrey(stored, layout, format === 1 && bits <= 16 ? bits : null, isInverted, options);
  }
  const kind = REFUSED[photometric] ?? `colours of kind ${photometric}`;
  const sentence = `${name} is a TIFF image with ${kind}, which cannot be opened. Save it as PNG.`;
  throw new RoundsError('image_unsupported', sentence);
}

function firstSamples(samples: Samples, perPixel: number): Samples {
  return perPixel === 1 ? samples : samples.filter((_, i) => i % perPixel === 0);
}

/** Values of 1–8 bits over 0–255. */
function spreadBits(stored: Samples, bits: number): Uint8Array {
  const white = 2 ** bits - 1;
  return Uint8Array.from(stored, (value) => Math.floor((value * 255) / white));
}

/** The upper byte of each sample; transparency over white. */
function fromRgb(
  samples: Samples,
  page: Directory,
  { width, height, samples: perPixel, bits, format }: PageLayout,
  name: string,
) {
  if (format !== 1 || (bits !== 8 && bits !== 16)) {
    throw new RoundsError(
      'image_unsupported',
      `${name} is a TIFF image with colours of ${bits} bits, which cannot be opened.`,
    );
  }
  const hasAlpha = perPixel >= 4 && page.first(TAG.extraSamples, 0) === 2;
  const kept = hasAlpha ? 4 : 3;
  const bytes = new Uint8Array(width * height * kept);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < kept; channel++) {
      bytes[pixel * kept + channel] = samples[pixel * perPixel + channel]! >> (bits - 8);
    }
  }
  return hasAlpha ? overWhite(bytes) : bytes;
}

function fromPalette(
  samples: Samples,
  page: Directory,
  { bits, samples: perPixel }: PageLayout,
  name: string,
) {
  const map = page.all(TAG.colorMap);
  const entries = 2 ** bits;
  if (bits > 8 || map.length < entries * 3) {
    throw new RoundsError('image_invalid', `${name} has an incomplete palette.`);
  }
  const indexes = firstSamples(samples, perPixel);
  const rgb = new Uint8Array(indexes.length * 3);
  for (let i = 0; i < indexes.length; i++) {
    for (let channel = 0; channel < 3; channel++)
      rgb[i * 3 + channel] = map[channel * entries + indexes[i]!]! >> 8;
  }
  return rgb;
}
