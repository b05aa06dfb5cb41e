/**
 * TIFF → 8-bit RGB like Pillow; except grey of 16 bits and more, which Pillow would clip and which follows the same rules as
 * 16-bit PNG. TIFF 6.0.
 */
import type { DecodedImage, DecodeOptions } from '../decoded';
import { checkDimensions } from '../dimensions';
import { type DeepGrey, renderDeepGrey } from '../deepGrey';
import { type Samples, spreadGrey } from '../grey';
import { invalidImage, missingPart, unsupportedImage } from '../imageError';
import { overWhite } from '../overWhite';
import { damagedTiff, type Directory, readTiff, TAG } from './ifd';
import { readSamples, type PageLayout } from './samples';
import { turn, turnPixels } from './turn';

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

/**
 * @param bytes the whole file
 * @throws RoundsError image_invalid, image_unsupported, image_too_large, request_invalid (no such page, an unusable window)
 */
export async function decodeTiff(
  bytes: Uint8Array<ArrayBuffer>,
  options: DecodeOptions = {},
): Promise<DecodedImage> {
  const file = readTiff(bytes);
  const frame = options.frame ?? 0;
  const page = file.pages[frame];
  if (!page) throw missingPart('page', frame, file.pages.length);
  try {
    const layout = readLayout(page);
    const samples = await readSamples(file, page, layout);
    const image = render(samples, page, layout, options);
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
    throw damagedTiff(error);
  }
}

function readLayout(page: Directory): PageLayout {
  const layout = {
    width: page.first(TAG.width, 0),
    height: page.first(TAG.height, 0),
    samples: page.first(TAG.samplesPerPixel, 1),
    bits: page.first(TAG.bitsPerSample, 1),
    format: page.first(TAG.sampleFormat, 1),
    isPlanar: page.first(TAG.planarConfiguration, 1) === 2,
  };
  checkDimensions(layout);
  const { bits, format, samples } = layout;
  const isEven = page.all(TAG.bitsPerSample).every((each) => each === bits);
  const isKnown =
    format === 3 ? bits === 32 || bits === 64 : (format === 1 && bits <= 16) || [8, 16, 32].includes(bits);
  if (!isEven || !isKnown || ![1, 2, 3].includes(format) || bits < 1) {
    throw unsupportedImage(`TIFF images with samples of ${bits} bits can’t be opened`);
  }
  if (samples < 1 || samples > 16) throw invalidImage('the TIFF header contradicts itself about the pixels');
  return layout;
}

/** Height of a pixel divided by its width, from the resolution across and down. */
function readAspect(page: Directory, orientation: number): number {
  const across = page.first(TAG.xResolution, 1);
  const down = page.first(TAG.yResolution, 1);
  if (!(across > 0 && down > 0)) return 1;
  return orientation > 4 ? down / across : across / down;
}

function render(samples: Samples, page: Directory, layout: PageLayout, options: DecodeOptions): DeepGrey {
  const photometric = page.first(TAG.photometric, GREY);
  const plain = (data: Uint8Array<ArrayBuffer>): DeepGrey => ({ data, window: null, presets: [] });
  if (photometric === PALETTE) return plain(fromPalette(samples, page, layout));
  if (photometric === RGB && layout.samples >= 3) return plain(fromRgb(samples, page, layout));
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
  return perPixel === 1 ? samples : samples.filter((_, i) => i % perPixel === 0);
}

/** Spreads values of 1–8 bits over 0–255. */
function spreadBits(stored: Samples, bits: number): Uint8Array {
  const white = 2 ** bits - 1;
  return Uint8Array.from(stored, (value) => Math.floor((value * 255) / white));
}

/** The upper byte of each sample; transparency on white. */
function fromRgb(
  samples: Samples,
  page: Directory,
  { width, height, samples: perPixel, bits, format }: PageLayout,
) {
  if (format !== 1 || (bits !== 8 && bits !== 16)) {
    throw unsupportedImage(`TIFF images with colours of ${bits} bits can’t be opened`);
  }
  const hasAlpha = perPixel >= 4 && page.first(TAG.extraSamples, 0) === 2;
  const used = hasAlpha ? 4 : 3;
  const bytes = new Uint8Array(width * height * used);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < used; channel++) {
      bytes[pixel * used + channel] = samples[pixel * perPixel + channel]! >> (bits - 8);
    }
  }
  return hasAlpha ? overWhite(bytes) : bytes;
}

function fromPalette(samples: Samples, page: Directory, { bits, samples: perPixel }: PageLayout) {
  const map = page.all(TAG.colorMap);
  const entries = 2 ** bits;
  if (bits > 8 || map.length < entries * 3) throw invalidImage('the colour palette is incomplete');
  const indexes = firstSamples(samples, perPixel);
  const rgb = new Uint8Array(indexes.length * 3);
  for (let i = 0; i < indexes.length; i++) {
    for (let channel = 0; channel < 3; channel++)
      rgb[i * 3 + channel] = map[channel * entries + indexes[i]!]! >> 8;
  }
  return rgb;
}
