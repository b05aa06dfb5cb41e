/** Lookup tables of DICOM: a descriptor of three numbers, and the entries. PS3.3 C.11.1.1.1. */
import { type DataSet, viewOf } from './dataSet';

export interface LookupTable {
  /** The value that the first entry is for. */
  first: number;
  entries: Uint16Array;
  /** Bits of an entry: 8–16. */
  bits: number;
}

/**
 * @param source the data set with the table: the file's, or an item of a sequence
 * @param isSigned whether the descriptor's first value is signed if its VR doesn't say so
 */
export function readTable(
  source: DataSet,
  descriptorTag: string,
  dataTag: string,
  isSigned: boolean,
): LookupTable | 'missing' | 'incomplete' {
  const descriptor = source.elements[descriptorTag];
  const element = source.elements[dataTag];
  if (!descriptor || !element || descriptor.value.length < 6) return 'missing';
  const [head, body] = [viewOf(descriptor.value), viewOf(element.value)];
  const little = source.isLittleEndian;
  const count = head.getUint16(0, little) || 65536;
  const isFirstSigned = descriptor.vr === 'SS' || (descriptor.vr !== 'US' && isSigned);
  const first = isFirstSigned ? head.getInt16(2, little) : head.getUint16(2, little);
  const declared = Math.min(head.getUint16(4, little) || 16, 16);
  // Entries of 8 bits are stored as bytes or as words. Some writers store bytes and declare 16 bits.
  const isPacked = body.byteLength < count * 2;
  const isBytes = body.byteLength === count + (count % 2);
  if (body.byteLength < count || (isPacked && declared !== 8 && !isBytes)) return 'incomplete';
  const bits = isPacked ? 8 : declared;
  const entries = new Uint16Array(count);
  for (let i = 0; i < count; i++) entries[i] = isPacked ? body.getUint8(i) : body.getUint16(i * 2, little);
  return { first, entries, bits };
}
