/** Writes small DICOM files for tests; supports only the value representations that they need. */

export interface TestElement {
  tag: [group: number, element: number];
  vr: 'US' | 'SS' | 'CS' | 'IS' | 'DS' | 'LO' | 'PN' | 'OW' | 'OB' | 'SQ';
  value: number | number[] | string | Uint8Array | TestElement[][];
}

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
  else view.setUint32(0, value, little);
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
    if (!explicit) return join([...tag, number(body.length, 4, little), body]);
    if (['OW', 'OB', 'SQ'].includes(element.vr)) {
      return join([...tag, vr, Uint8Array.of(0, 0), number(body.length, 4, little), body]);
    }
    return join([...tag, vr, number(body.length, 2, little), body]);
  });
  return join(parts);
}

/**
 * A whole file: preamble, file meta information, data set.
 *
 * @param syntax explicit, implicit, big, deflated, or any UID, for files to be refused
 */
export async function dicomFile(
  elements: readonly TestElement[],
  syntax = 'explicit',
): Promise<Uint8Array<ArrayBuffer>> {
  const uid = even(new TextEncoder().encode(UIDS[syntax] ?? syntax), 0);
  const meta = join([
    ...[0x0002, 0x0010].map((half) => number(half, 2, true)),
    new TextEncoder().encode('UI'),
    number(uid.length, 2, true),
    uid,
  ]);
  const body = encodeElements(elements, syntax !== 'big', syntax !== 'implicit');
  const data = syntax === 'deflated' ? await deflate(body) : body;
  return join([new Uint8Array(128), new TextEncoder().encode('DICM'), meta, data]);
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
