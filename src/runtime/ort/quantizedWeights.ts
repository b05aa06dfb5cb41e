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

/** float32 [K, N] of data [N, K]. @param scales float16 bits [N, K / 32] */
export function transposedValues(
  data: Uint8Array,
  scales: Uint16Array,
  rows: number,
  dtype: QuantizedDtype,
): Float32Array<ArrayBuffer> {
  const columns = (scales.length / rows) * BLOCK_SIZE;
  const values = new Float32Array(rows * columns);
  const tile = new Float32Array(TILE * columns);
  for (let first = 0; first < rows; first += TILE) {
    const count = Math.min(TILE, rows - first);
    unpackRows(tile, data, scales, (first * columns) / BLOCK_SIZE, (count * columns) / BLOCK_SIZE, dtype);
    for (let column = 0; column < columns; column++) {
      const target = column * rows + first;
      for (let row = 0; row < count; row++) values[target + row] = tile[row * columns + column] as number;
    }
  }
  return values;
}

/** Writes the weights of `count` blocks from block `first` on to the start of `target`. */
function unpackRows(
  target: Float32Array,
  data: Uint8Array,
  scales: Uint16Array,
  first: number,
  count: number,
  dtype: QuantizedDtype,
): void {
  const table = halves();
  let at = first * (dtype === 'q4' ? BLOCK_SIZE / 2 : BLOCK_SIZE);
  for (let block = 0; block < count; block++) {
    const scale = table[scales[first + block] as number] as number;
    const start = block * BLOCK_SIZE;
    if (dtype === 'q4') {
      for (let i = start; i < start + BLOCK_SIZE; i += 2) {
        const pair = data[at++] as number;
        target[i] = ((pair & 15) - 8) * scale;
        target[i + 1] = ((pair >> 4) - 8) * scale;
      }
    } else {
      for (let i = start; i < start + BLOCK_SIZE; i++) target[i] = ((data[at++] as number) - 128) * scale;
    }
  }
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
