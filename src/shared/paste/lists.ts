/** Finds lists of choices among the lines of a paste: lettered or numbered, in columns, on one line, with bullets or boxes. */
import { MAX_OPTIONS } from '../options';
import { NUMBERS } from './alphabets';
import { skipSpace, type Prefix } from './line';
import { readMarker, type Marker } from './marker';
import type { RoledLine } from './roledLine';

export interface Item {
  index: number;
  text: string;
  prefix: Prefix | null;
  isBold: boolean;
  line: number;
}

/** One list of choices. */
export interface Run {
  /** First and last line. */
  first: number;
  last: number;
  /** Text in front of the first choice, in its line. */
  head: string;
  items: Item[];
  alphabet: string | null;
  /** The choices are between sentences on one line, so they count only after a question. */
  isInline: boolean;
  close: string;
}

export interface Style {
  alphabet: string;
  /** Null: however the markers are closed. */
  close: string | null;
}

export type Finder = (lines: readonly RoledLine[], style: Style, from?: number) => Run[];

/** The styles whose first two symbols occur, letters first. */
export function stylesOf(markers: readonly Marker[], from = 0): Style[] {
  const seen = new Map<string, { style: Style; indices: Set<number> }>();
  for (const { places, close } of markers) {
    for (const { alphabet, index } of places) {
      for (const style of [
        { alphabet, close },
        { alphabet, close: null },
      ]) {
        const key = `${alphabet} ${style.close ?? ''}`;
        const entry = seen.get(key) ?? { style, indices: new Set<number>() };
        entry.indices.add(index);
        seen.set(key, entry);
      }
    }
  }
  const usable = [...seen.values()].filter(
    // Any mixture of closings is only trusted for letters.
    ({ style, indices }) =>
      indices.has(from) && indices.has(from + 1) && (style.close !== null || !NUMBERS.has(style.alphabet)),
  );
  const rank = ({ alphabet, close }: Style): number =>
    (NUMBERS.has(alphabet) ? 2 : 0) + (close === null ? 1 : 0);
  return usable.map(({ style }) => style).sort((a, b) => rank(a) - rank(b));
}

const placeIn = (marker: Marker, { alphabet, close }: Style): number | null => {
  if (close !== null && marker.close !== close) return null;
  if (close === null && marker.close === 'space') return null;
  return marker.places.find((place) => place.alphabet === alphabet)?.index ?? null;
};

/** Collects choices in the order of the lines. A symbol that occurs again, or the first one, begins another list. */
class RunBuilder {
  readonly runs: Run[] = [];
  #current: Run | null = null;

  constructor(
    readonly style: Style,
    readonly from: number,
    readonly isInline: boolean,
  ) {}

  get next(): number {
    return this.#current ? this.from + this.#current.items.length : this.from;
  }

  get isOpen(): boolean {
    return this.#current !== null;
  }

  add(item: Item, head = ''): void {
    const current = this.#current;
    if (item.index === this.from) {
      this.close();
      const { alphabet, close } = this.style;
      const { isInline } = this;
      this.#current = {
        first: item.line,
        last: item.line,
        head,
        items: [item],
        alphabet,
        isInline,
        close: close ?? '',
      };
    } else if (current && !current.items.some(({ index }) => index === item.index)) {
      current.items.push(item);
      current.last = item.line;
    } else this.close();
  }

  /** A line between two choices continues the first. */
  continueWith(text: string): void {
    const last = this.#current?.items.at(-1);
    if (last) last.text = joined(last.text, text);
  }

  close(): void {
    const run = this.#current;
    this.#current = null;
    if (!run) return;
    run.items.sort((a, b) => a.index - b.index);
    const isWhole = run.items.every(({ index }, i) => index === i + this.from);
    if (isWhole && run.items.length >= 2 && run.items.length <= MAX_OPTIONS) this.runs.push(run);
  }
}

/** Continues a wrapped text: "X-" and "ray" are one word. */
export const joined = (text: string, rest: string): string =>
  /\p{L}-$/u.test(text.slice(-2)) ? text + rest : `${text} ${rest}`;

/** Choices that begin lines; further ones in a line are in columns, after a tab or several spaces. */
export const findByLine: Finder = (lines, style, from = 0) => {
  const builder = new RunBuilder(style, from, false);
  let pending: string[] = [];
  lines.forEach((line, number) => {
    if (line.isBlank) return;
    if (line.role !== 'text') {
      if (line.role !== 'meta' || builder.next > from + 1) builder.close();
      pending = [];
      return;
    }
    const index = line.marker ? placeIn(line.marker, style) : null;
    if (line.marker === null || index === null) {
      pending.push(line.raw.trim());
      return;
    }
    if (index !== from && builder.isOpen) for (const text of pending) builder.continueWith(text);
    pending = [];
    for (const item of columns(line, line.marker, index, style, number)) builder.add(item);
  });
  builder.close();
  return builder.runs;
};

function columns(line: RoledLine, marker: Marker, index: number, style: Style, number: number): Item[] {
  const { raw, prefix, isBold } = line;
  const cuts = [{ index, start: 0, end: marker.end }];
  for (const gap of raw.slice(marker.end).matchAll(/\t[ \t]*|[ \u3000]{2,}|[ \t]\|[ \t]/gu)) {
    const start = marker.end + gap.index;
    const found = readMarker(raw, start + gap[0].length);
    const place = found ? placeIn(found, style) : null;
    if (found && place !== null) cuts.push({ index: place, start, end: found.end });
  }
  return cuts.map((cut, i) => ({
    index: cut.index,
    text: raw.slice(cut.end, cuts[i + 1]?.start),
    prefix: i === 0 ? prefix : null,
    isBold: i === 0 && cuts.length === 1 && isBold,
    line: number,
  }));
}

export interface Cut {
  marker: Marker;
  start: number;
  /** A mark in front of the marker: "*B)". */
  prefix: Prefix | null;
}

// Behind a space or punctuation; Chinese and Japanese need neither.
const BOUNDARY =
  /(?:^|[\s,;|?？؟:：.。!，；、])(?=\S)|(?<=[\u3040-\u30ff\u4e00-\u9fff)）])(?=[A-JＡ-Ｊ][、．.。）)：:])/gu;

/** Every place of a line where a choice may begin. */
export function cutsIn(raw: string): Cut[] {
  const cuts: Cut[] = [];
  for (const boundary of raw.matchAll(BOUNDARY)) {
    const start = boundary.index + boundary[0].length;
    const isMarked = /[*✓✔✅+]/u.test(raw.charAt(start));
    const marker = readMarker(raw, isMarked ? skipSpace(raw, start + 1) : start);
    if (marker && marker.close !== 'space' && marker.close !== ',' && marker.end < raw.length) {
      cuts.push({ marker, start, prefix: isMarked ? 'right' : null });
    }
  }
  return cuts;
}

/** Choices within lines, in order. */
export function inlineFinder(cuts: readonly (readonly Cut[])[]): Finder {
  return (lines, style, from = 0) => {
    const builder = new RunBuilder(style, from, true);
    lines.forEach((line, number) => {
      if (line.isBlank) return;
      if (line.role !== 'text') {
        builder.close();
        return;
      }
      const chain = chainOf(cuts[number] ?? [], style, builder.next, from);
      if (chain.length === 0) builder.close();
      chain.forEach(({ cut, index }, i) => {
        const text = line.raw.slice(cut.marker.end, chain[i + 1]?.cut.start).replace(/\s[/|]\s$/u, '');
        const head = i === 0 && index === from ? line.raw.slice(0, cut.start) : '';
        builder.add({ index, text, prefix: cut.prefix, isBold: false, line: number }, head);
      });
    });
    builder.close();
    return builder.runs;
  };
}

interface Link {
  cut: Cut;
  index: number;
}

/** The cuts of one list: it continues the list of earlier lines at the start of the line, or begins a list. */
function chainOf(cuts: readonly Cut[], style: Style, next: number, from: number): Link[] {
  const links = cuts.flatMap((cut): Link[] => {
    const index = placeIn(cut.marker, style);
    return index === null ? [] : [{ cut, index }];
  });
  const [first] = links;
  const continues = first !== undefined && next > from && first.index === next && first.cut.start <= 4;
  const begin = continues ? 0 : lastBeginning(links, from);
  if (begin < 0) return [];
  const chain: Link[] = [];
  let wanted = continues ? next : from;
  for (const link of links.slice(begin)) {
    if (link.index !== wanted) continue;
    chain.push(link);
    wanted++;
  }
  return continues || chain.length >= 2 ? chain : [];
}

/** In "Vitamin A. Which? A. x B. y" the list begins at the second A. */
function lastBeginning(links: readonly Link[], from: number): number {
  let first = -1;
  for (const [i, { index }] of links.entries()) {
    if (index === from) first = i;
    if (index === from + 1 && first >= 0) return first;
  }
  return -1;
}
