/** Grey of more than 8 bits in formats that don't define how to show it: 16-bit PNG, TIFF. */
import type { UsedBits, WindowPreset } from '../shared/imageFacts';
import type { DecodedImage, DecodeOptions } from './decoded';
import { findUsedBits } from './depth';
import {
  checkWindow,
  type Display,
  type GreyImage,
  rangeOf,
  type Samples,
  toGreyRgb,
  toRawValues,
  windowOfRange,
} from './grey';

export interface DeepGrey {
  data: Uint8Array<ArrayBuffer>;
  window: [number, number] | null;
  presets: WindowPreset[];
  usedBits?: UsedBits;
  raw?: DecodedImage['raw'];
}

/**
 * A requested window comes first. Without one, unsigned values of up to 16 bits that use their range keep their upper byte,
 * like in the reference. Others (signed, 32-bit, floating-point, or 12 bits in 16) have no natural range and are shown from the
 * 1 % to the 99 % quantile.
 *
 * @param bits of unsigned values; null for signed, 32-bit and floating-point ones
 * @throws RoundsError request_invalid if the requested window has no usable width
 */
export function renderDeepGrey(
  stored: Samples,
  size: { width: number; height: number },
  bits: number | null,
  isInverted: boolean,
  options: DecodeOptions,
): DeepGrey {
  const grey: GreyImage = { ...size, stored, scale: (value) => value, isPadding: () => false };
  const range = rangeOf(grey);
  const quantiles: WindowPreset = {
    label: { code: 'quantiles' },
    window: windowOfRange(range, grey.scale, 'LINEAR_EXACT'),
  };
  const usedBits = bits === null ? null : findUsedBits(range.extremes[1], bits);
  const window = options.window ?? (bits === null || usedBits ? quantiles.window : null);
  const display = window ? checkWindow(window, 'LINEAR_EXACT') : upperBytes(bits ?? 8);
  const white = 2 ** (bits ?? 0) - 1;
  return {
    data: toGreyRgb(grey, display, isInverted),
    window,
    presets:
      bits === null
        ? [quantiles]
        : [{ label: { code: 'full_range' }, window: [white / 2, white] }, quantiles],
    ...(usedBits ? { usedBits } : {}),
    ...(options.raw
      ? { raw: { values: toRawValues(grey), shape: 'LINEAR_EXACT' as const, isInverted } }
      : {}),
  };
}

function upperBytes(bits: number): Display {
  const levels = new Uint8Array(2 ** bits);
  for (let i = 0; i < levels.length; i++) levels[i] = i >> (bits - 8);
  return { kind: 'table', first: 0, levels };
}
