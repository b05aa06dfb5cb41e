/** Writes small DICOM files for tests; supports only the value representations that they need. */

export interface TestElement {
  tag: [group: number, element: number];
  /** Those with a length of 16 bits are in SHORT; all others have 32 bits. */
  vr: string;
  value: number | number[] | string | Uint8Array | TestElement[][];
  /** Write ffffffff instead of the length; the value then ends with a delimiter of its own. */
  hasUndefinedLength?: boolean;
}

const SHORT = ['US', 'SS', 'CS', 'IS', 'DS', 'LO', 'PN', 'UI', 'SH'];

const UIDS: Record<string, string> = {
  explicit: '1.2.840.10008.1.2.1',
  implicit: '1.2.840.10008.1.2',
  big: '1.2.840.10008.1.2.2',
  deflated: '1.2.840.10008.1.2.1.99',
};

const join = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

const number = (value: number, bytes: 2 | 4, little: boolean): Uint8Array => {
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 2) view.setUint16(0, value & 0xffff, little);
  else view.setUint32(0, value >>> 0, little);
  return new Uint8Array(view.buffer);
};

const even = (bytes: Uint8Array, pad: number): Uint8Array =>
  bytes.length % 2 === 0 ? bytes : join([bytes, Uint8Array.of(pad)]);

function encodeValue({ vr, value }: TestElement, little: boolean, explicit: boolean): Uint8Array {
  if (typeof value === 'string') return even(new TextEncoder().encode(value), 0x20);
  if (value instanceof Uint8Array) return even(value, 0);
  if (typeof value === 'number') return number(value, 2, little);
  if (vr !== 'SQ') return join((value as number[]).map((entry) => number(entry, 2, little)));
  const items = (value as TestElement[][]).map((elements) => {
    const body = encodeElements(elements, little, explicit);
    return join([number(0xfffe, 2, little), number(0xe000, 2, little), number(body.length, 4, little), body]);
  });
  return join(items);
}

function encodeElements(elements: readonly TestElement[], little: boolean, explicit: boolean): Uint8Array {
  const parts = elements.map((element) => {
    const body = encodeValue(element, little, explicit);
    const tag = element.tag.map((half) => number(half, 2, little));
    const vr = new TextEncoder().encode(element.vr);
    const length = element.hasUndefinedLength ? 0xffffffff : body.length;
    if (!explicit) return join([...tag, number(length, 4, little), body]);
    if (SHORT.includes(element.vr)) return join([...tag, vr, number(length, 2, little), body]);
    return join([...tag, vr, Uint8Array.of(0, 0), number(length, 4, little), body]);
  });
  return join(parts);
}

export interface FileForm {
  /** How the data set is encoded, if not as `syntax` says. */
  encoding?: string;
  /** What comes before the file meta information. */
  start?: 'preamble' | 'magic' | 'nothing';
  /** Of the file meta information: UID of the SOP class. */
  sopClass?: string;
  /** Bytes after the data set. */
  tail?: Uint8Array;
}

/**
 * A whole file: preamble, file meta information, data set.
 *
 * @param syntax explicit, implicit, big, deflated, or any UID, for files to be refused; null: none is written
 */
export async function dicomFile(
  elements: readonly TestElement[],
  syntax: string | null = 'explicit',
  { encoding = syntax ?? 'explicit', start = 'preamble', sopClass, tail }: FileForm = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const meta: TestElement[] = [];
  if (sopClass !== undefined) meta.push({ tag: [0x0002, 0x0002], vr: 'UI', value: uidBytes(sopClass) });
  if (syntax !== null) {
    meta.push({ tag: [0x0002, 0x0010], vr: 'UI', value: uidBytes(UIDS[syntax] ?? syntax) });
  }
  const body = encodeElements(elements, encoding !== 'big', encoding !== 'implicit');
  const data = encoding === 'deflated' ? await deflate(body) : body;
  const magic = new TextEncoder().encode('DICM');
  const head = { preamble: [new Uint8Array(128), magic], magic: [magic], nothing: [] }[start];
  return join([...head, encodeElements(meta, true, true), data, tail ?? new Uint8Array()]);
}

const uidBytes = (uid: string): Uint8Array => even(new TextEncoder().encode(uid), 0);

/** Encapsulated Pixel Data. @param offsets Basic Offset Table; null: its item is missing */
export function encapsulated(
  fragments: readonly Uint8Array[],
  offsets: readonly number[] | null = [],
): TestElement {
  const item = (body: Uint8Array) =>
    join([number(0xfffe, 2, true), number(0xe000, 2, true), number(body.length, 4, true), body]);
  const table = offsets ? [item(join(offsets.map((offset) => number(offset, 4, true))))] : [];
  const end = join([number(0xfffe, 2, true), number(0xe0dd, 2, true), number(0, 4, true)]);
  const items = fragments.map((fragment) => item(even(fragment, 0)));
  const value = join([...table, ...items, end]);
  return { tag: [0x7fe0, 0x0010], vr: 'OB', value, hasUndefinedLength: true };
}

/** One frame of 8-bit values in RLE, as literal runs. */
export function rleFrame(values: readonly number[]): Uint8Array {
  const header = new Uint8Array(64);
  header[0] = 1;
  header[4] = 64;
  const runs: number[] = [];
  for (let at = 0; at < values.length; at += 128) {
    const run = values.slice(at, at + 128);
    runs.push(run.length - 1, ...run);
  }
  return join([header, Uint8Array.from(runs)]);
}

async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  const deflated = stream.pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(deflated).arrayBuffer());
}

export interface ImageOptions {
  rows: number;
  columns: number;
  /** Pixel Data as in the file; words for 16 bits, else bytes. */
  pixels: number[];
  bits?: number;
  stored?: number;
  high?: number;
  signed?: boolean;
  photometric?: string;
  planar?: number;
  samples?: number;
  frames?: number;
  /** Further elements of groups below 7FE0. */
  more?: TestElement[];
}

/** The elements of an image, sorted by tag. */
export function imageElements(options: ImageOptions): TestElement[] {
  const { bits = 8, photometric = 'MONOCHROME2', samples = 1 } = options;
  const stored = options.stored ?? bits;
  const elements: TestElement[] = [
    { tag: [0x0010, 0x0010], vr: 'PN', value: 'Secret^Person' },
    { tag: [0x0028, 0x0002], vr: 'US', value: samples },
    { tag: [0x0028, 0x0004], vr: 'CS', value: photometric },
    { tag: [0x0028, 0x0010], vr: 'US', value: options.rows },
    { tag: [0x0028, 0x0011], vr: 'US', value: options.columns },
    { tag: [0x0028, 0x0100], vr: 'US', value: bits },
    { tag: [0x0028, 0x0101], vr: 'US', value: stored },
    { tag: [0x0028, 0x0102], vr: 'US', value: options.high ?? stored - 1 },
    { tag: [0x0028, 0x0103], vr: 'US', value: options.signed ? 1 : 0 },
    ...(options.more ?? []),
  ];
  if (samples > 1) elements.push({ tag: [0x0028, 0x0006], vr: 'US', value: options.planar ?? 0 });
  if (options.frames !== undefined) {
    elements.push({ tag: [0x0028, 0x0008], vr: 'IS', value: String(options.frames) });
  }
  const value = bits === 8 ? Uint8Array.from(options.pixels) : options.pixels;
  elements.push({ tag: [0x7fe0, 0x0010], vr: bits === 8 ? 'OB' : 'OW', value });
  return elements.sort((a, b) => a.tag[0] - b.tag[0] || a.tag[1] - b.tag[1]);
}
