/** Files whose encoding isn't what they say, that end oddly, or that use value representations of later editions. */
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../decode';
import { decodeDicom } from './decodeDicom';
import { dicomFile, encapsulated, imageElements, rleFrame, type TestElement } from './testing/testDicom';

const WINDOW: TestElement[] = [
  { tag: [0x0028, 0x1050], vr: 'DS', value: '128' },
  { tag: [0x0028, 0x1051], vr: 'DS', value: '256' },
];
const MODALITY: TestElement = { tag: [0x0008, 0x0060], vr: 'CS', value: 'OT' };
const VALUES = [0, 100, 128, 200, 255, 300];
const LEVELS = [0, 100, 128, 200, 255, 255];
const elements = (more: TestElement[] = []): TestElement[] =>
  imageElements({ rows: 2, columns: 3, bits: 16, pixels: VALUES, more: [MODALITY, ...WINDOW, ...more] });

async function levelsOf(bytes: Uint8Array<ArrayBuffer>, frame = 0): Promise<number[]> {
  // Through the door that the page uses, so that the file must also be recognised.
  const { data } = await decodeImage(new Blob([bytes]), { frame });
  return [...data].filter((_, i) => i % 3 === 0);
}

const KINDS = ['explicit', 'implicit', 'big', 'deflated'];
const CLAIMS = [...KINDS, null, '', 'Explicit', 'JPEG'];

describe('a DICOM file', () => {
  it.each(CLAIMS.flatMap((claim) => KINDS.map((encoding) => [claim, encoding] as const)))(
    'that says %s and is %s is read as it is',
    async (claim, encoding) => {
      for (const start of ['preamble', 'magic', 'nothing'] as const) {
        const form = { encoding, start, sopClass: '1.2.840.10008.5.1.4.1.1.7' };
        const bytes = await dicomFile(elements(), claim, form);
        expect(await levelsOf(bytes), start).toEqual(LEVELS);
        const { facts } = await decodeDicom(bytes);
        expect(facts.dicom?.transferSyntax.name).toMatch(
          { explicit: /^Explicit.*Little/, implicit: /^Implicit/, big: /Big/, deflated: /Deflated/ }[
            encoding
          ]!,
        );
      }
    },
  );

  it.each(['explicit', 'implicit', 'big'])('of a data set alone, %s, is read', async (encoding) => {
    expect(await levelsOf(await dicomFile(elements(), null, { encoding, start: 'nothing' }))).toEqual(LEVELS);
  });

  const LONG = ['UV', 'SV', 'OV', 'OL', 'OD', 'OF', 'UC', 'UR', 'UT', 'UN', 'ZZ'];
  it.each(LONG.flatMap((vr) => ['explicit', 'big'].map((syntax) => [vr, syntax] as const)))(
    'with the long VR %s is read, %s',
    async (vr, syntax) => {
      const long = (group: number): TestElement => ({
        tag: [group, 0x1010],
        vr,
        value: new Uint8Array(24).fill(7),
      });
      expect(await levelsOf(await dicomFile(elements([long(0x0011), long(0x7fe1)]), syntax))).toEqual(LEVELS);
      const nested: TestElement = {
        tag: [0x0011, 0x1010],
        vr: 'SQ',
        value: [[long(0x0011)], [long(0x0013)]],
      };
      expect(await levelsOf(await dicomFile(elements([nested]), syntax))).toEqual(LEVELS);
    },
  );

  const latin1 = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
  const TAILS: [what: string, tail: Uint8Array][] = [
    ...[1, 3, 5, 8, 12, 500].map((n): [string, Uint8Array] => [`${n} zero bytes`, new Uint8Array(n)]),
    ['a line end', latin1('\r\n')],
    ['text', latin1('-- end of file --\r\n')],
    ['0xff', new Uint8Array(9).fill(0xff)],
    ['a stray delimiter', latin1('\xfe\xff\xdd\xe0\0\0\0\0')],
    ['a delimiter with an undefined length', latin1('\xfe\xff\xdd\xe0\xff\xff\xff\xff')],
    ['an element that is cut off', latin1('\xfc\xff\xfc\xffOB\0\0\xff\0\0\0')],
  ];
  it.each(TAILS)('that ends with %s is read', async (_, tail) => {
    for (const encoding of ['explicit', 'implicit', 'big']) {
      expect(await levelsOf(await dicomFile(elements(), encoding, { tail })), encoding).toEqual(LEVELS);
    }
    const coded = [...elements().slice(0, -1).map(asBytes), encapsulated([rleFrame([1, 2, 3, 4, 5, 6])])];
    const whole = await dicomFile(coded, '1.2.840.10008.1.2.5', { tail });
    expect(await levelsOf(whole)).toEqual([1, 2, 3, 4, 5, 6]);
    // Without the delimiter of the pixels.
    const length = whole.length - tail.length - 8;
    expect(await levelsOf(join(whole.slice(0, length), tail))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('without delimiters of items and sequences is read', async () => {
    const item = latin1('\xfe\xff\0\xe0\xff\xff\xff\xff\x11\0\x02\x10LO\x02\0a ');
    const [itemEnd, end] = [latin1('\xfe\xff\x0d\xe0\0\0\0\0'), latin1('\xfe\xff\xdd\xe0\0\0\0\0')];
    for (const value of [join(item, itemEnd, end), join(item, end), join(item, item, itemEnd, end)]) {
      const sequence: TestElement = { tag: [0x0011, 0x1001], vr: 'SQ', value, hasUndefinedLength: true };
      expect(await levelsOf(await dicomFile(elements([sequence])))).toEqual(LEVELS);
    }
  });
});

const join = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

/** The header of an image of 8 bits. */
function asBytes(element: TestElement): TestElement {
  const bits = { 0x0100: 8, 0x0101: 8, 0x0102: 7 }[element.tag[0] === 0x0028 ? element.tag[1] : 0];
  return bits === undefined ? element : { ...element, value: bits };
}

describe('frames of a compressed file', () => {
  const FRAMES = [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ];
  const coded = FRAMES.map(rleFrame);
  const starts = coded.map((_, i) => i * (coded[0]!.length + 8));
  const header = imageElements({ rows: 1, columns: 2, pixels: [], frames: 4, more: WINDOW }).slice(0, -1);
  const TABLES: [name: string, offsets: number[] | null][] = [
    ['right', starts],
    ['empty', []],
    ['missing', null],
    ['all zero', [0, 0, 0, 0]],
    ['descending', [...starts].reverse()],
    ['repeated', [0, starts[1]!, starts[1]!, starts[3]!]],
    ['past the end', [0, starts[1]!, starts[2]!, 99_999]],
    ['between fragments', [0, starts[1]! + 2, starts[2]!, starts[3]!]],
    ['too short', starts.slice(0, 3)],
    ['too long', [...starts, 400]],
    ['counted from elsewhere', starts.map((start) => start + 8)],
  ];
  const extended = (offsets: number[]): TestElement => {
    const value = new Uint8Array(offsets.length * 8);
    offsets.forEach((offset, i) => new DataView(value.buffer).setUint32(i * 8, offset, true));
    return { tag: [0x7fe0, 0x0001], vr: 'OV', value };
  };

  it.each(TABLES)('are found with an offset table that is %s', async (_, offsets) => {
    const rle = '1.2.840.10008.1.2.5';
    const basic = await dicomFile([...header, encapsulated(coded, offsets)], rle);
    const both = await dicomFile([...header, extended(offsets ?? []), encapsulated(coded, starts)], rle);
    const only = await dicomFile([...header, extended(offsets ?? []), encapsulated(coded)], rle);
    for (const file of [basic, both, only]) {
      for (const [frame, values] of FRAMES.entries()) expect(await levelsOf(file, frame)).toEqual(values);
    }
  });

  it.each(['explicit', '1.2.840.10008.1.2.4.90', null])('are found if the file says %s', async (syntax) => {
    const file = await dicomFile([...header, encapsulated(coded)], syntax, { encoding: 'explicit' });
    expect(await levelsOf(file, 2)).toEqual([5, 6]);
    expect((await decodeDicom(file)).facts.dicom?.transferSyntax.name).toBe('RLE Lossless');
  });

  it('aren’t compressed although the file says so', async () => {
    expect(
      await levelsOf(await dicomFile(elements(), '1.2.840.10008.1.2.4.50', { encoding: 'explicit' })),
    ).toEqual(LEVELS);
  });
});
