/**
 * How the elements of a data set are encoded. The file meta information may be missing or wrong about it, so the elements
 * themselves are asked, like in pydicom. PS3.5 chapter 7.
 */
import type { ByteSource } from './source';

export interface Encoding {
  /** Elements say their value representation (VR). */
  isExplicit: boolean;
  isLittle: boolean;
}

/** Elements that must follow each other before an encoding is believed. */
const CHAIN = 6;
/** Bytes from the start that are looked at. */
const CHAIN_BYTES = 32 * 1024;

const SHORT = 'AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US';
const LONG = 'OB OD OF OL OV OW SQ SV UC UN UR UT UV';
/** VRs with a length of 16 bits, as numbers (`vrCode`). */
export const SHORT_VRS: ReadonlySet<number> = new Set(SHORT.split(' ').map(vrCode));
const KNOWN_VRS: ReadonlySet<number> = new Set(`${SHORT} ${LONG}`.split(' ').map(vrCode));

/** Best first: where two fit equally well, the first is taken. */
const CANDIDATES: Encoding[] = [
  { isExplicit: true, isLittle: true },
  { isExplicit: false, isLittle: true },
  { isExplicit: true, isLittle: false },
  { isExplicit: false, isLittle: false },
];

/** The two letters of a VR as in the file, the first one in the upper byte. */
export function vrCode(vr: string): number {
  return vr.charCodeAt(0) * 256 + vr.charCodeAt(1);
}

export function isLetter(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

/** @returns the encoding in which most elements follow each other; of equal ones the declared one; null if none has any */
export async function findEncoding(
  source: ByteSource,
  start: number,
  declared: Encoding | null,
): Promise<Encoding | null> {
  const available = Math.min(CHAIN_BYTES, source.size - start);
  await source.load(start, available);
  let best: Encoding | null = null;
  let most = 0;
  for (const candidate of declared ? [declared, ...CANDIDATES] : CANDIDATES) {
    const length = chainLength(source, start, start + available, candidate);
    if (length > most) [best, most] = [candidate, length];
  }
  return best;
}

/** Whether the items of a sequence are encoded otherwise than the data set around it (VR UN, and some writers). */
export function isItemExplicit(source: ByteSource, position: number, outer: boolean): boolean {
  if (!source.has(position, 8)) return outer;
  if (outer) return isLetter(source.at(position + 4)) && isLetter(source.at(position + 5));
  // As an implicit length, these bytes would be more than 64 KiB.
  return hasVr(source, position) && source.u16(position + 6, true) !== 0;
}

/** Elements that follow each other with ascending tags and lengths that the file has. */
function chainLength(source: ByteSource, start: number, end: number, encoding: Encoding): number {
  const { isExplicit, isLittle } = encoding;
  let at = start;
  let previous = -1;
  for (let count = 0; count < CHAIN; count++) {
    // The file ends with an element.
    if (at === source.size && count > 0) return CHAIN;
    if (at + 12 > end) return count;
    const group = source.u16(at, isLittle);
    const tag = group * 65536 + source.u16(at + 2, isLittle);
    if (tag <= previous || group > 0x7fe1 || group === 0 || hasVr(source, at) !== isExplicit) return count;
    previous = tag;
    const isShort = isExplicit && SHORT_VRS.has(vrAt(source, at));
    const length = isShort ? source.u16(at + 6, isLittle) : source.u32(at + (isExplicit ? 8 : 4), isLittle);
    if (length === 0xffffffff) return count + 1;
    at += length + (isExplicit && !isShort ? 12 : 8);
    if (at > source.size) return count;
  }
  return CHAIN;
}

function vrAt(source: ByteSource, position: number): number {
  return source.u16(position + 4, false);
}

function hasVr(source: ByteSource, position: number): boolean {
  return KNOWN_VRS.has(vrAt(source, position));
}
