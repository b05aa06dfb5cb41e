/** How wide the elements of tensors are. */
import type { InitializerType } from './ports';

const ELEMENT_BYTES: Record<InitializerType, number> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  float16: 2,
  int4: 0.5,
};

/** @returns bytes of one element; half a byte for int4 */
export function typeBytes(type: InitializerType): number {
  return ELEMENT_BYTES[type];
}
