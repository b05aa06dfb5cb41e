/** Encapsulated Pixel Data → the coded bytes of one frame. PS3.5 A.4. */
import type { DataSet } from 'dicom-parser';
import { invalidImage } from '../imageError';
import { concatenate } from '../inflate';
import type { DicomFile } from './parse';
import type { PixelFormat } from './pixels';

interface Fragment {
  /** Of the item's header, counted from the first fragment like in the offset tables. */
  offset: number;
  bytes: Uint8Array;
}

/**
 * A frame may be split into fragments. Its first one is found by, in this order: the Extended Offset Table, the Basic Offset
 * Table, one fragment per frame, and the end markers of the coded images.
 *
 * @throws RoundsError image_invalid if the fragments don't add up to the frames
 */
export function readCodedFrame(file: DicomFile, format: PixelFormat, frame: number): Uint8Array<ArrayBuffer> {
  const fragments = listFragments(file.data, format);
  const starts = frameStarts(file, format, fragments);
  const start = starts[frame];
  const end = frame + 1 < format.frames ? starts[frame + 1] : fragments.length;
  if (start === undefined || end === undefined || end <= start) {
    throw invalidImage('the pixel data ends early');
  }
  const parts = fragments.slice(start, end).map(({ bytes }) => bytes);
  return concatenate(
    parts,
    parts.reduce((sum, { length }) => sum + length, 0),
  );
}

function listFragments(data: DataSet, { element }: PixelFormat): Fragment[] {
  return (element.fragments ?? []).map(({ offset, position, length }) => ({
    offset,
    bytes: data.byteArray.subarray(position, position + length) as Uint8Array,
  }));
}

/** Index of the first fragment of each frame. */
function frameStarts({ data, syntax }: DicomFile, format: PixelFormat, fragments: Fragment[]): number[] {
  const { frames } = format;
  if (frames === 1) return [0];
  const table = extendedOffsets(data, frames) ?? format.element.basicOffsetTable ?? [];
  if (table.length === frames) {
    const starts = table.map((offset) => fragments.findIndex((fragment) => fragment.offset === offset));
    if (starts.every((start) => start >= 0)) return starts;
  }
  // RLE frames are never split (PS3.5 A.4.2).
  if (fragments.length === frames || syntax.codec === 'rle') return fragments.map((_, index) => index);
  const ends = fragments.flatMap(({ bytes }, index) => (hasEndMarker(bytes) ? [index + 1] : []));
  return [0, ...ends.slice(0, -1)];
}

/** (7FE0,0001), 64-bit numbers. Offsets above 2^53 can't occur in a file of at most 100 MB. */
function extendedOffsets(data: DataSet, frames: number): number[] | null {
  const element = data.elements.x7fe00001;
  if (!element || element.length < frames * 8) return null;
  const { buffer, byteOffset } = data.byteArray;
  const view = new DataView(buffer, byteOffset + element.dataOffset, element.length);
  return Array.from({ length: frames }, (_, i) => Number(view.getBigUint64(i * 8, true)));
}

/** EOI or EOC, FF D9, with at most one padding byte after it. */
function hasEndMarker(bytes: Uint8Array): boolean {
  const { length } = bytes;
  const at = (back: number) => bytes[length - back];
  return (at(2) === 0xff && at(1) === 0xd9) || (at(3) === 0xff && at(2) === 0xd9);
}
