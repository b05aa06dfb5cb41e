import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDicom } from './parse';
import { readSliceHeader } from './sliceHeader';
import { dicomFile, imageElements, type TestElement } from './testing/testDicom';

const FOLDER = join(import.meta.dirname, '../../../models/goldens/images/pydicom');
const FILES = readdirSync(FOLDER).filter(
  (name) => name.endsWith('.dcm') && statSync(join(FOLDER, name)).isFile(),
);

const text = (tag: [number, number], value: string): TestElement => ({ tag, vr: 'LO', value });
const placed = (more: TestElement[] = []) =>
  imageElements({ rows: 2, columns: 3, pixels: [1, 2, 3, 4, 5, 6], more });
const SERIES: TestElement[] = [
  text([0x0020, 0x000e], '1.2.3'),
  text([0x0020, 0x0013], '7 '),
  text([0x0020, 0x0032], '-1.5\\2\\30'),
  text([0x0020, 0x0037], '1\\0\\0\\0\\1\\0'),
];
const EXPECTED = {
  seriesUid: '1.2.3',
  instanceNumber: 7,
  position: [-1.5, 2, 30],
  orientation: [
    [1, 0, 0],
    [0, 1, 0],
  ],
  rows: 2,
  columns: 3,
  frames: 1,
};

/** Elements in the order of their tags, as a file has them. */
const sorted = (elements: TestElement[]) =>
  elements.toSorted((a, b) => a.tag[0] - b.tag[0] || a.tag[1] - b.tag[1]);

describe('readSliceHeader', () => {
  it.each(FILES)('reads what the whole parser reads: %s', async (name) => {
    const bytes = new Uint8Array(readFileSync(join(FOLDER, name)));
    const { data } = await parseDicom(bytes);
    const header = await readSliceHeader(new Blob([bytes]));
    expect(header).toMatchObject({
      seriesUid: data.string('x0020000e') ?? '',
      instanceUid: data.string('x00080018') ?? '',
      rows: data.uint16('x00280010'),
      columns: data.uint16('x00280011'),
      frames: Number(data.string('x00280008') ?? 1),
      photometric: data.string('x00280004') ?? '',
    });
  });

  it.each(['explicit', 'implicit', 'big', 'deflated'])('finds the place of a slice: %s', async (syntax) => {
    const bytes = await dicomFile(sorted([...placed(), ...SERIES]), syntax);
    expect(await readSliceHeader(new Blob([bytes]))).toMatchObject(EXPECTED);
  });

  it('reads on where a long element comes first, and skips sequences of undefined length', async () => {
    const long: TestElement = { tag: [0x0009, 0x1010], vr: 'OB', value: new Uint8Array(300_000) };
    const bytes = await dicomFile(sorted([...placed(), ...SERIES, long]));
    expect(await readSliceHeader(new Blob([bytes]))).toMatchObject(EXPECTED);
    const nested = Uint8Array.of(
      ...[0x08, 0x00, 0x40, 0x11, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff],
      ...[0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff],
      ...[0x08, 0x00, 0x50, 0x11, 0x55, 0x49, 4, 0, 0x31, 0x2e, 0x32, 0],
      ...[0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0],
    );
    const plain = await dicomFile(sorted([...placed(), ...SERIES]));
    // Behind the preamble and the file meta information.
    const start = 132 + 8 + 20;
    const whole = new Blob([plain.slice(0, start), nested, plain.slice(start)]);
    expect(await readSliceHeader(whole)).toMatchObject(EXPECTED);
  });

  it.each([
    ['another transfer syntax than the file declares', 'implicit', 'explicit'],
    ['little endian, declared as big', 'explicit', 'big'],
    ['a deflated data set, declared as plain', 'deflated', 'explicit'],
  ])('sees %s, like the decoder', async (_, actual, declared) => {
    const file = await dicomFile(sorted([...placed(), ...SERIES]), declared, { encoding: actual });
    expect(await readSliceHeader(new Blob([file]))).toMatchObject(EXPECTED);
  });

  it('reads a data set without file meta information, and decimal commas', async () => {
    const commas = SERIES.map((one) => (one.tag[1] === 0x0032 ? text([0x0020, 0x0032], '-1,5\\2\\30') : one));
    const file = await dicomFile(sorted([...placed(), ...commas]), null, {
      start: 'nothing',
      encoding: 'implicit',
    });
    expect(await readSliceHeader(new Blob([file]))).toMatchObject(EXPECTED);
  });

  it('reads only the start of a large file', async () => {
    const large = placed([{ tag: [0x0029, 0x1010], vr: 'OB', value: new Uint8Array(3_000_000) }]);
    const blob = new Blob([await dicomFile(sorted([...large, ...SERIES]))]);
    let bytes = 0;
    const start = blob.slice(0, 4 * 1024 * 1024);
    blob.slice = () => start;
    start.slice = (from = 0, to = 0) => {
      bytes += to - from;
      return Blob.prototype.slice.call(start, from, to);
    };
    expect(await readSliceHeader(blob)).toMatchObject(EXPECTED);
    expect(bytes).toBeLessThan(100_000);
  });

  it('says that a report has no image', async () => {
    const report = await dicomFile([text([0x0008, 0x0060], 'SR'), text([0x0040, 0xa040], 'TEXT')]);
    expect(await readSliceHeader(new Blob([report]))).toBe('none');
  });

  it('gives up on damage, in time in proportion to the bytes', async () => {
    const zeros = new Uint8Array(8_000_000);
    zeros.set(new TextEncoder().encode('DICM'), 128);
    const deep = new Uint8Array(1_000_000);
    for (let at = 0; at + 8 < deep.length; at += 8)
      deep.set([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff], at);
    const start = performance.now();
    for (const bytes of [zeros, deep, zeros.subarray(0, 140)]) {
      expect([null, 'none']).toContain(await readSliceHeader(new Blob([bytes])));
    }
    expect(performance.now() - start).toBeLessThan(8000);
  });
});
