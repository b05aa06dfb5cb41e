/** Elements of weights: their change from one type or layout to another. */
import { RoundsError } from '../../shared/errors';
import { floatArrayFromHalf, halfArrayFrom } from '../../shared/half';
import type { TensorDtype } from '../../shared/pack';
import { typeBytes } from '../../engine/elementBytes';
import type { ElementType, InitializerType } from '../../engine/ports';

/** The type in which a pack holds the data or the scales of a tensor. */
export function storedType(part: 'data' | 'scales', dtype: TensorDtype): ElementType {
  if (part === 'scales') return 'float16';
  return dtype === 'f16' ? 'float16' : dtype === 'f32' ? 'float32' : 'uint8';
}

/** @param bytes a whole number of elements, at the start of their buffer */
export function convertElements(
  bytes: Uint8Array<ArrayBuffer>,
  from: ElementType,
  to: InitializerType,
): Uint8Array<ArrayBuffer> {
  if (from === to) return bytes;
  const count = bytes.length / typeBytes(from);
  if (from === 'float16' && to === 'float32') {
    return new Uint8Array(floatArrayFromHalf(new Uint16Array(bytes.buffer, 0, count)).buffer);
  }
  if (from === 'float32' && to === 'float16') {
    return new Uint8Array(halfArrayFrom(new Float32Array(bytes.buffer, 0, count)).buffer);
  }
  throw new RoundsError('internal', `No conversion from ${from} to ${to}.`);
}

/** [rows, columns] → [columns, rows] for elements of 2 or 4 bytes. @param length of `bytes` */
export function transposed(
  bytes: Uint8Array<ArrayBuffer>,
  [rows, columns]: [number, number],
  length: number,
): Uint8Array<ArrayBuffer> {
  const wide = length === rows * columns * 4;
  const source = wide ? new Uint32Array(bytes.buffer) : new Uint16Array(bytes.buffer);
  const target = wide ? new Uint32Array(rows * columns) : new Uint16Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      target[column * rows + row] = source[row * columns + column] ?? 0;
    }
  }
  return new Uint8Array(target.buffer);
}
