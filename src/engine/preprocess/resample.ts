/**
 * Bicubic resize of 8-bit RGB with the same bytes as Pillow (src/libImaging/Resample.c): a = −0.5, support that scales
 * with the reduction, 22-bit fixed-point weights, and 8-bit values between the two passes. Because of that rounding,
 * the order of the passes affects the result; see `isVerticalFirst`.
 */
import { RoundsError } from '../../shared/errors';
import type { Size } from './smartResize';

/** 8-bit RGB, rows from top to bottom, 3 bytes per pixel: `data.length === width × height × 3`. */
export interface RgbImage {
  width: number;
  height: number;
  data: Uint8Array<ArrayBuffer>;
}

const CHANNELS = 3;
/** 32 − 8 (a byte) − 2 (headroom for the negative lobes): PRECISION_BITS in Resample.c. */
const PRECISION_BITS = 22;
const BICUBIC_A = -0.5;
const BICUBIC_SUPPORT = 2;

/** Weights of one axis: output i is the sum over k < counts[i] of weights[i·stride + k] × input[firsts[i] + k]. */
interface AxisWeights {
  stride: number;
  firsts: Int32Array;
  counts: Int32Array;
  weights: Int32Array;
}

/**
 * Resizes to `size`. An axis that does not change is not filtered; if neither changes, `image` itself is returned.
 *
 * @throws RoundsError internal if `data` does not have width × height × 3 bytes
 */
export function resizeBicubic(image: RgbImage, size: Size): RgbImage {
  if (image.data.length !== image.width * image.height * CHANNELS) {
    const needed = image.width * image.height * CHANNELS;
    throw new RoundsError(
      'internal',
      `An image of ${image.width}×${image.height} pixels has ${image.data.length} bytes, but needs ${needed}.`,
    );
  }
  if (isVerticalFirst(image, size)) return resizeWidth(resizeHeight(image, size.height), size.width);
  return resizeHeight(resizeWidth(image, size.width), size.height);
}

/**
 * Pillow filters horizontally first, unless the height shrinks by more than twice as many pixels as the width. The
 * rule was determined by experiment (Pillow 9.5, 11.0, 11.3, 12.0 and 13.0 agree), not taken from its source.
 * models/goldens/make_preprocess_vectors.py writes vectors on both sides of the boundary.
 */
function isVerticalFirst(from: Size, to: Size): boolean {
  const lost = from.height - to.height;
  return lost > 0 && 2 * (from.width - to.width) < lost;
}

function resizeWidth(image: RgbImage, width: number): RgbImage {
  return width === image.width ? image : resizeColumns(image, width);
}

function resizeHeight(image: RgbImage, height: number): RgbImage {
  return height === image.height ? image : resizeRows(image, height);
}

/** The cubic convolution kernel with a = −0.5 (Keys 1981); bicubic_filter in Resample.c. */
function bicubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((BICUBIC_A + 2) * x - (BICUBIC_A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * BICUBIC_A;
  return 0;
}

/** precompute_coeffs and normalize_coeffs_8bpc in Resample.c, with the whole axis as the box. */
function axisWeights(inputLength: number, outputLength: number): AxisWeights {
  const scale = inputLength / outputLength;
  const filterScale = Math.max(scale, 1);
  const support = BICUBIC_SUPPORT * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const firsts = new Int32Array(outputLength);
  const counts = new Int32Array(outputLength);
  const weights = new Int32Array(outputLength * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < outputLength; i++) {
    const center = (i + 0.5) * scale;
    // Math.trunc is C's cast to int. This matters for negative values at the left edge.
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(inputLength, Math.trunc(center + support + 0.5)) - first;
    firsts[i] = first;
    counts[i] = count;
    fillExact(exact, count, first - center + 0.5, 1 / filterScale);
    for (let k = 0; k < count; k++) {
      const scaled = exact[k]! * (1 << PRECISION_BITS);
      weights[i * stride + k] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
  }
  return { stride, firsts, counts, weights };
}

function fillExact(exact: Float64Array, count: number, offset: number, inverseScale: number): void {
  let sum = 0;
  for (let k = 0; k < count; k++) {
    const weight = bicubic((k + offset) * inverseScale);
    exact[k] = weight;
    sum += weight;
  }
  if (sum === 0) return;
  for (let k = 0; k < count; k++) exact[k] = exact[k]! / sum;
}

/** Converts fixed point to a byte, clamped. */
function toByte(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

const HALF = 1 << (PRECISION_BITS - 1);

function resizeColumns(image: RgbImage, width: number): RgbImage {
  const { stride, firsts, counts, weights } = axisWeights(image.width, width);
  const source = image.data;
  const data = new Uint8Array(width * image.height * CHANNELS);
  for (let y = 0; y < image.height; y++) {
    const row = y * image.width;
    for (let x = 0; x < width; x++) {
      let at = (row + firsts[x]!) * CHANNELS;
      let r = HALF;
      let g = HALF;
      let b = HALF;
      const end = x * stride + counts[x]!;
      for (let k = x * stride; k < end; k++) {
        const weight = weights[k]!;
        r += source[at]! * weight;
        g += source[at + 1]! * weight;
        b += source[at + 2]! * weight;
        at += CHANNELS;
      }
      const out = (y * width + x) * CHANNELS;
      data[out] = toByte(r);
      data[out + 1] = toByte(g);
      data[out + 2] = toByte(b);
    }
  }
  return { width, height: image.height, data };
}

/** Processes row by row with one row of sums, so that memory is read sequentially. */
function resizeRows(image: RgbImage, height: number): RgbImage {
  const { stride, firsts, counts, weights } = axisWeights(image.height, height);
  const rowBytes = image.width * CHANNELS;
  const source = image.data;
  const data = new Uint8Array(rowBytes * height);
  const sums = new Int32Array(rowBytes);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let k = 0; k < counts[y]!; k++) {
      const weight = weights[y * stride + k]!;
      const from = (firsts[y]! + k) * rowBytes;
      for (let i = 0; i < rowBytes; i++) sums[i] = sums[i]! + source[from + i]! * weight;
    }
    const out = y * rowBytes;
    for (let i = 0; i < rowBytes; i++) data[out + i] = toByte(sums[i]!);
  }
  return { width: image.width, height, data };
}
