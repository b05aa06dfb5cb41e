/** Encapsulated Pixel Data → the coded bytes of one frame. PS3.5 A.4. */
import { RoundsError } from '../../shared/errors';
import { invalidImage } from '../imageError';
import { concatenate } from '../inflate';
import { type Fragments, viewOf } from './dataSet';
import type { DicomFile } from './parse';
import type { PixelFormat } from './pixels';

/** Coded bytes of one frame: more than its values can have, and no more than fits next to them in memory. */
const MAX_CODED_BYTES = 256e6;

/**
 * A frame may be split into fragments. Its first one is found by, in this order: the Extended Offset Table, the Basic Offset
 * Table, one fragment per frame, and the end markers of the coded images. A table that doesn't fit the fragments is ignored.
 *
 * @throws RoundsError image_invalid if the fragments don't add up to the frames, image_too_large
 */
export async function readCodedFrame(
  file: DicomFile,
  format: PixelFormat,
  frame: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { fragments } = format.element;
  const starts = fragments ? frameStarts(file, format, fragments) : [];
  const start = starts[frame];
  const end = frame + 1 < format.frames ? starts[frame + 1] : fragments?.positions.length;
  if (!fragments || start === undefined || end === undefined || end <= start) {
    throw invalidImage('the pixel data ends early');
  }
  if (fragments.isCut && end === fragments.positions.length) throw invalidImage('the pixel data ends early');
  return joinFragments(file, fragments, start, end);
}

/** Fragments follow each other, so one read gets all of a frame. */
async function joinFragments(
  { source }: DicomFile,
  { positions, lengths }: Fragments,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const from = positions[start]!;
  const to = positions[end - 1]! + lengths[end - 1]!;
  if (to - from > MAX_CODED_BYTES) {
    throw new RoundsError('image_too_large', 'one frame is larger than 256 MB; export it at a smaller size.');
  }
  const range = await source.read(from, to);
  const parts = positions
    .slice(start, end)
    .map((position, i) => range.subarray(position - from, position - from + lengths[start + i]!));
  return concatenate(
    parts,
    parts.reduce((sum, { length }) => sum + length, 0),
  );
}

/** Index of the first fragment of each frame. */
function frameStarts({ data, syntax }: DicomFile, { frames }: PixelFormat, fragments: Fragments): number[] {
  if (frames === 1) return [0];
  const { positions, lengths } = fragments;
  const listed =
    startsOfTable(extendedOffsets(data.elements.x7fe00001?.value, frames), frames, positions) ??
    startsOfTable(fragments.offsets, frames, positions);
  if (listed) return listed;
  if (positions.length === frames) return positions.map((_, index) => index);
  const filled = [...lengths.keys()].filter((index) => lengths[index]! > 0);
  // RLE frames are never split (PS3.5 A.4.2).
  if (filled.length === frames || syntax.codec === 'rle') return filled;
  const ends = filled.filter((index) => fragments.hasEndMarker[index]).map((index) => index + 1);
  return [0, ...ends.slice(0, -1)];
}

/**
 * @param offsets counted from the header of the first fragment; some writers count from elsewhere, so only differences count
 * @returns null unless they ascend and each is that of a fragment
 */
function startsOfTable(offsets: number[] | null, frames: number, positions: number[]): number[] | null {
  if (offsets?.length !== frames) return null;
  const starts: number[] = [];
  let index = 0;
  for (const offset of offsets) {
    const position = offset - offsets[0]! + positions[0]!;
    while (index < positions.length && positions[index]! < position) index++;
    if (positions[index] !== position || starts[starts.length - 1] === index) return null;
    starts.push(index);
  }
  return starts;
}

/** (7FE0,0001), 64-bit numbers. Offsets above 2^53 can't occur in a file of at most 2 GB. */
function extendedOffsets(value: Uint8Array | undefined, frames: number): number[] | null {
  if (!value || value.length < frames * 8) return null;
  const view = viewOf(value);
  return Array.from({ length: frames }, (_, i) => Number(view.getBigUint64(i * 8, true)));
}
