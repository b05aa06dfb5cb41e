/**
 * Quantized weights in the forms that are computed with on WebAssembly (engine/graphs/weightForms.ts). Blocks of 32
 * weights of a row share a float16 scale. q4: element 2j is in the low bits of byte j, value (nibble − 8) · scale;
 * q8: value (byte − 128) · scale.
 */
import { BLOCK_SIZE } from '../../shared/pack';
import { float16Value } from '../../shared/half';

export type QuantizedDtype = 'q4' | 'q8';

/** Rows that are transposed together, so that both sides stay in the processor's cache. */
const TILE = 64;

/** Every float16 as float32, made when first used: decoding a scale by arithmetic costs more than its 32 weights. */
let halfValues: Float32Array | null = null;

function halves(): Float32Array {
  halfValues ??= Float32Array.from({ length: 65_536 }, (_, bits) => float16Value(bits));
  return halfValues;
}

/** float32 weights in the same order. @param scales float16 bits, one for each block */
export function unpackedValues(
  data: Uint8Array,
  scales: Uint16Array,
  dtype: QuantizedDtype,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(scales.length * BLOCK_SIZE);
  const table = halves();
  let at = 0;
  for (let block = 0; block < scales.length; block++) {
    const scale = table[scales[block] as number] as number;
    const first = block * BLOCK_SIZE;
    if (dtype === 'q4') {
      for (let i = first; i < first + BLOCK_SIZE; i += 2) {
        const pair = data[at++] as number;
        values[i] = ((pair & 15) - 8) * scale;
        values[i + 1] = ((pair >> 4) - 8) * scale;
      }
    } else {
      for (let i = first; i < first + BLOCK_SIZE; i++) values[i] = ((data[at++] as number) - 128) * scale;
    }
  }
  return values;
}

/** int8 [K, N] of data [N, K]. */
export function transposedInt8(
  data: Uint8Array,
  rows: number,
  dtype: QuantizedDtype,
): Uint8Array<ArrayBuffer> {
  const columns = (data.length / rows) * (dtype === 'q4' ? 2 : 1);
  const result = new Uint8Array(rows * columns);
  for (let tile = 0; tile < rows; tile += TILE) {
    const end = Math.min(tile + TILE, rows);
    for (let column = 0; column < columns; column++) {
      const target = column * rows;
      if (dtype === 'q8') {
        // Subtracting 128 from a byte flips its highest bit.
        for (let row = tile; row < end; row++) {
          result[target + row] = (data[row * columns + column] as number) ^ 0x80;
        }
      } else {
        const shift = (column & 1) * 4;
        for (let row = tile; row < end; row++) {
          result[target + row] = (((data[(row * columns + column) >> 1] as number) >> shift) & 15) - 8;
        }
      }
    }
  }
  return result;
}

/** int4 [K, N] of q4 data [N, K], N even: element 2j in the low bits of byte j, as two's complement. */
export function transposedInt4(data: Uint8Array, rows: number): Uint8Array<ArrayBuffer> {
  const columns = (data.length / rows) * 2;
  const result = new Uint8Array((rows * columns) / 2);
  for (let tile = 0; tile < rows; tile += TILE) {
    const end = Math.min(tile + TILE, rows);
    for (let column = 0; column < columns; column++) {
      const shift = (column & 1) * 4;
      for (let row = tile; row < end; row += 2) {
        const low = (data[(row * columns + column) >> 1] as number) >> shift;
        const high = (data[((row + 1) * columns + column) >> 1] as number) >> shift;
        // Subtracting 8 from four bits flips their highest bit.
        result[(column * rows + row) >> 1] = ((low & 15) | ((high & 15) << 4)) ^ 0x88;
      }
    }
  }
  return result;
}
