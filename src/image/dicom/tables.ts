/** Lookup tables of DICOM: a descriptor of three numbers, and the entries. PS3.3 C.11.1.1.1. */
import type { DataSet } from 'dicom-parser';
import type { DicomFile } from './parse';

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
  file: DicomFile,
  source: DataSet,
  descriptorTag: string,
  dataTag: string,
  isSigned: boolean,
): LookupTable | 'missing' | 'incomplete' {
  const descriptor = source.elements[descriptorTag];
  const element = source.elements[dataTag];
  if (!descriptor || !element || descriptor.length < 6) return 'missing';
  const { buffer, byteOffset } = source.byteArray;
  const head = new DataView(buffer, byteOffset + descriptor.dataOffset, 6);
  const body = new DataView(buffer, byteOffset + element.dataOffset, element.length);
  const little = file.isLittleEndian;
  const count = head.getUint16(0, little) || 65536;
  const isFirstSigned = descriptor.vr === 'SS' || (descriptor.vr !== 'US' && isSigned);
  const first = isFirstSigned ? head.getInt16(2, little) : head.getUint16(2, little);
  const bits = head.getUint16(4, little) || 16;
  // Entries of 8 bits are stored as bytes or as words.
  const isPacked = element.length < count * 2;
  if (element.length < count || (isPacked && bits !== 8)) return 'incomplete';
  const entries = new Uint16Array(count);
  for (let i = 0; i < count; i++) entries[i] = isPacked ? body.getUint8(i) : body.getUint16(i * 2, little);
  return { first, entries, bits };
}
