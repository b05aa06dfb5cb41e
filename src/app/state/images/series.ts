/**
 * Which files become one image of the tray: the slices of a DICOM series are one stack, everything else is an image of its own.
 * Slices are ordered by their position along the normal of their plane, else by their number, else by their name.
 */
import type { SliceHeader, SurveyedFile, Vector } from '../../../shared/series';
import { byName, type FoundFile } from '../../browser/foundFiles';

/** One file of a stack. */
export interface Slice {
  readonly blob: Blob;
  readonly name: string;
}

export interface ImageGroup {
  /** Of the folder or the first file. */
  readonly name: string;
  /** One for an ordinary image. */
  readonly slices: readonly Slice[];
}

export interface SurveyedImage {
  readonly found: FoundFile;
  readonly surveyed: SurveyedFile;
}

export interface Grouped {
  readonly groups: readonly ImageGroup[];
  /** Files with the same SOPInstanceUID as another one. */
  readonly copies: readonly FoundFile[];
}

interface Placed {
  readonly found: FoundFile;
  readonly header: SliceHeader;
}

/** Cosine of the largest angle between slices of one stack: about 1°. */
const SAME_DIRECTION = 0.9998;
/** In mm. Slices closer than this have the same position. */
const SAME_POSITION = 0.001;
/** With more images at each position (a film of a heart, a functional series), they are one stack, one time after the other. */
const MAX_STACKS = 6;

export function groupImages(images: readonly SurveyedImage[]): Grouped {
  const series = new Map<string, Placed[]>();
  const instances = new Set<string>();
  const copies: FoundFile[] = [];
  const order: (FoundFile | string)[] = [];
  for (const { found, surveyed } of images) {
    const header = surveyed.kind === 'slice' ? surveyed.header : null;
    if (header?.instanceUid && instances.has(header.instanceUid)) {
      copies.push(found);
      continue;
    }
    if (header) instances.add(header.instanceUid);
    if (!header?.seriesUid || header.frames > 1) {
      order.push(found);
      continue;
    }
    const known = series.get(header.seriesUid);
    if (known) known.push({ found, header });
    else {
      series.set(header.seriesUid, [{ found, header }]);
      order.push(header.seriesUid);
    }
  }
  const groups = order.flatMap((one) =>
    typeof one === 'string' ? splitSeries(series.get(one) ?? []).map(asGroup) : [single(one)],
  );
  return { groups, copies };
}

function single({ file }: FoundFile): ImageGroup {
  return { name: nameOf(file), slices: [{ blob: file, name: nameOf(file) }] };
}

function asGroup(placed: readonly Placed[]): ImageGroup {
  const slices = placed.map(({ found: { file } }) => ({ blob: file, name: nameOf(file) }));
  const [first] = placed;
  const folder = first?.found.path.split('/').at(-2);
  return { name: (slices.length > 1 ? folder : undefined) ?? slices[0]?.name ?? '', slices };
}

function nameOf(file: File): string {
  return file.name || 'pasted image';
}

/** The stacks of one series, each in its order. */
function splitSeries(series: readonly Placed[]): Placed[][] {
  const alike: Placed[][] = [];
  for (const slice of series) {
    const stack = alike.find(([first]) => first && isAlike(first.header, slice.header));
    if (stack) stack.push(slice);
    else alike.push([slice]);
  }
  return alike.flatMap((stack) => {
    const byNumber = stack.toSorted(compareNumbers);
    const [first] = stack;
    if (!first?.header.position || !first.header.orientation) return [byNumber];
    return splitTimes(byNumber, cross(...first.header.orientation));
  });
}

/** Of the same size and kind, and in parallel planes. */
function isAlike(a: SliceHeader, b: SliceHeader): boolean {
  if (a.rows !== b.rows || a.columns !== b.columns || a.photometric !== b.photometric) return false;
  if ((a.position === null) !== (b.position === null)) return false;
  if (!a.orientation || !b.orientation) return a.orientation === b.orientation;
  const [rowA, columnA] = a.orientation;
  const [rowB, columnB] = b.orientation;
  return isParallel(rowA, rowB) && isParallel(columnA, columnB);
}

function isParallel(a: Vector, b: Vector): boolean {
  return dot(a, b) >= SAME_DIRECTION * Math.hypot(...a) * Math.hypot(...b);
}

interface AtDistance {
  readonly slice: Placed;
  readonly distance: number;
}

/** Sorts slices along the normal; those that share their positions become stacks of their own. */
function splitTimes(byNumber: readonly Placed[], normal: Vector): Placed[][] {
  const all = byNumber.map((slice) => ({ slice, distance: dot(slice.header.position ?? [0, 0, 0], normal) }));
  const repeats = mostAtOnePosition(all);
  if (repeats === 1) return [inOrder(all)];
  const stacks = byMarks(all, repeats) ?? byOccurrence(all);
  const ordered = stacks.map(inOrder);
  return ordered.length > MAX_STACKS ? [ordered.flat()] : ordered;
}

function inOrder(slices: readonly AtDistance[]): Placed[] {
  return slices.toSorted((a, b) => a.distance - b.distance).map(({ slice }) => slice);
}

function mostAtOnePosition(slices: readonly AtDistance[]): number {
  let most = 0;
  let run = 0;
  let before = -Infinity;
  for (const { distance } of slices.toSorted((a, b) => a.distance - b.distance)) {
    run = distance - before < SAME_POSITION ? run + 1 : 1;
    before = distance;
    most = Math.max(most, run);
  }
  return most;
}

/** By the first value of the headers (or all of them together) that leaves one slice at each position; null if none does. */
function byMarks(slices: readonly AtDistance[], repeats: number): AtDistance[][] | null {
  const marks = slices[0]?.slice.header.marks.map((_, index) => index) ?? [];
  const keys = [...marks.map((index) => [index]), marks];
  for (const key of keys) {
    const parts = new Map<string, AtDistance[]>();
    for (const one of slices) {
      const value = key.map((index) => one.slice.header.marks[index] ?? '').join('\n');
      const part = parts.get(value);
      if (part) part.push(one);
      else parts.set(value, [one]);
    }
    const isSplit =
      parts.size <= repeats && [...parts.values()].every((part) => mostAtOnePosition(part) === 1);
    if (isSplit) return [...parts.values()];
  }
  return null;
}

/** The first slice at each position, then the second at each, and so on. */
function byOccurrence(byNumber: readonly AtDistance[]): AtDistance[][] {
  const stacks: AtDistance[][] = [];
  const seen = new Map<number, number>();
  for (const one of byNumber) {
    const position = Math.round(one.distance / SAME_POSITION);
    const turn = seen.get(position) ?? 0;
    seen.set(position, turn + 1);
    (stacks[turn] ??= []).push(one);
  }
  return stacks;
}

function compareNumbers(a: Placed, b: Placed): number {
  const [first, second] = [a.header.instanceNumber, b.header.instanceNumber];
  const byNumber = first !== null && second !== null ? first - second : 0;
  return byNumber || byName(a.found.path, b.found.path);
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
