/** Colour DICOM images → RGB bytes. PS3.3 C.7.6.3.1.2 (colour models) and C.7.6.3.1.5 (palettes). */
import type { Samples } from '../grey';
import { invalidImage, unsupportedImage } from '../imageError';
import type { DicomFile } from './parse';
import { type LookupTable, readTable } from './tables';

export interface ColorSamples {
  /** Three per pixel, interleaved. */
  values: Samples;
  bits: number;
  /** Luminance and two colour differences over all 256 levels (YBR_FULL). */
  isYbr: boolean;
}

/** @returns RGB, 3 bytes per pixel; of deeper channels the upper 8 bits */
export function renderColor({ values, bits, isYbr }: ColorSamples): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8Array(values.length);
  const divisor = 2 ** Math.max(0, bits - 8);
  for (let i = 0; i < rgb.length; i++) rgb[i] = divisor === 1 ? values[i]! : Math.floor(values[i]! / divisor);
  if (isYbr) fromYbr(rgb);
  return rgb;
}

// PS3.3 C.7.6.3.1.2, with the luminances of red, green and blue of ITU-R BT.601. In single precision and in this order all
// 2^24 colours equal those of pydicom; in double precision 42 are one level off.
const single = Math.fround;
const RED_OF_RED = single(1.402);
const GREEN_OF_RED = single((-0.299 * 1.402) / 0.587);
const GREEN_OF_BLUE = single((-0.114 * 1.772) / 0.587);
const BLUE_OF_BLUE = single(1.772);

function fromYbr(pixels: Uint8Array): void {
  const level = (value: number): number =>
    Math.min(255, Math.max(0, Math.floor(single(single(value) + 0.5))));
  for (let i = 0; i < pixels.length; i += 3) {
    const y = pixels[i]!;
    const blue = pixels[i + 1]! - 128;
    const red = pixels[i + 2]! - 128;
    pixels[i] = level(y + RED_OF_RED * red);
    pixels[i + 1] = level(single(y + GREEN_OF_BLUE * blue) + GREEN_OF_RED * red);
    pixels[i + 2] = level(y + BLUE_OF_BLUE * blue);
  }
}

/** @throws RoundsError image_unsupported, image_invalid if the palette can't be used */
export function fromPalette(file: DicomFile, indexes: Samples): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8Array(indexes.length * 3);
  const tables = ['1', '2', '3'].map((digit) => paletteTable(file, digit));
  const shift = paletteShift(tables);
  for (const [channel, { first, entries }] of tables.entries()) {
    for (let i = 0; i < indexes.length; i++) {
      // Values outside the table take its first or last entry.
      const index = Math.min(Math.max(indexes[i]! - first, 0), entries.length - 1);
      rgb[i * 3 + channel] = entries[index]! >> shift;
    }
  }
  return rgb;
}

/**
 * Bits below the 8 that are shown. Entries decide, not the declared bits alone: 8-bit colours are often declared as 16 bits, which
 * would be black, and deeper ones as 8.
 */
function paletteShift(tables: readonly LookupTable[]): number {
  let largest = 0;
  for (const { entries } of tables) for (const entry of entries) if (entry > largest) largest = entry;
  if (largest < 256) return 0;
  const bits = Math.max(...tables.map((table) => table.bits));
  return bits > 8 && largest < 2 ** bits ? bits - 8 : 8;
}

function paletteTable({ data }: DicomFile, digit: string): LookupTable {
  const isSigned = data.uint16('x00280103') === 1;
  const table = readTable(data, `x0028110${digit}`, `x0028120${digit}`, isSigned);
  if (table === 'missing') throw unsupportedImage('this kind of colour palette can’t be opened');
  if (table === 'incomplete') throw invalidImage('the colour palette is incomplete');
  return table;
}
