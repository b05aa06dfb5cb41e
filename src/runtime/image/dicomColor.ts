/** Colour DICOM images → RGB bytes. PS3.3 C.7.6.3.1.2 (colour models) and C.7.6.3.1.5 (palettes). */
import type { DataSet } from 'dicom-parser';
import { RoundsError } from '../../shared/errors';
import type { PixelFormat, StoredPixels } from './dicomPixels';

/** @throws RoundsError image_unsupported, image_invalid for a palette that cannot be used */
export function renderColor(
  data: DataSet,
  format: PixelFormat,
  stored: StoredPixels,
  name: string,
): Uint8Array<ArrayBuffer> {
  if (format.photometric === 'PALETTE COLOR') return fromPalette(data, stored, name);
  const rgb = new Uint8Array(stored.length);
  const drop = Math.max(0, format.bitsStored - 8);
  for (let i = 0; i < rgb.length; i++) rgb[i] = (stored[i] ?? 0) >> drop;
  if (format.photometric !== 'RGB') fromYbr(rgb);
  return rgb;
}

/** YBR_FULL: the JFIF matrix, all 256 levels used. */
function fromYbr(pixels: Uint8Array): void {
  const clamped = new Uint8ClampedArray(3);
  for (let i = 0; i < pixels.length; i += 3) {
    const y = pixels[i] ?? 0;
    const blue = (pixels[i + 1] ?? 0) - 128;
    const red = (pixels[i + 2] ?? 0) - 128;
    clamped[0] = y + 1.402 * red;
    clamped[1] = y - 0.344136 * blue - 0.714136 * red;
    clamped[2] = y + 1.772 * blue;
    pixels.set(clamped, i);
  }
}

interface ColorTable {
  first: number;
  levels: Uint8Array;
}

function fromPalette(data: DataSet, stored: StoredPixels, name: string): Uint8Array<ArrayBuffer> {
  const tables = ['1', '2', '3'].map((channel) => readTable(data, channel, name));
  const rgb = new Uint8Array(stored.length * 3);
  for (const [channel, { first, levels }] of tables.entries()) {
    for (let i = 0; i < stored.length; i++) {
      // Values outside the table take its first or last entry.
      const index = Math.min(Math.max((stored[i] ?? 0) - first, 0), levels.length - 1);
      rgb[i * 3 + channel] = levels[index] ?? 0;
    }
  }
  return rgb;
}

function readTable(data: DataSet, channel: string, name: string): ColorTable {
  const descriptor = `x0028110${channel}`;
  const element = data.elements[`x0028120${channel}`];
  if (!element || data.elements[descriptor] === undefined) {
    throw new RoundsError('image_unsupported', `${name} has a kind of palette that cannot be opened.`);
  }
  const entries = data.uint16(descriptor, 0) || 65536;
  const isSigned = data.uint16('x00280103') === 1;
  const first = (isSigned ? data.int16(descriptor, 1) : data.uint16(descriptor, 1)) ?? 0;
  const bits = data.uint16(descriptor, 2) ?? 16;
  const isPacked = element.length < entries * 2;
  if (element.length < entries || (isPacked && bits !== 8)) {
    throw new RoundsError('image_invalid', `${name} has an incomplete palette.`);
  }
  const levels = new Uint8Array(entries);
  for (let i = 0; i < entries; i++) {
    if (isPacked) levels[i] = data.byteArray[element.dataOffset + i] ?? 0;
    else levels[i] = (data.uint16(`x0028120${channel}`, i) ?? 0) >> (bits > 8 ? 8 : 0);
  }
  return { first, levels };
}
