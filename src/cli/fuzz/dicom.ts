/** Broken DICOM files: lengths, counts, nesting, offset tables, fragments, transfer syntaxes and coded pixels. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeDicom } from '../../image/dicom/decodeDicom';
import { TRANSFER_SYNTAXES } from '../../image/dicom/syntaxes';
import { below, pick } from './random';
import type { FuzzParser } from './types';

const IMAGES = join(import.meta.dirname, '../../../models/goldens/images');
const FOLDERS = ['made', 'reported'];
const LARGEST_SEED = 6_000;

type Random = () => number;
type Bytes = Uint8Array<ArrayBuffer>;

export const parsers: FuzzParser[] = [
  {
    name: 'dicom',
    seeds: () => FOLDERS.flatMap(readFolder),
    mutate(random, seed) {
      let bytes: Bytes = Uint8Array.from(seed);
      const count = 1 + Math.floor(random() ** 2 * 5);
      for (let i = 0; i < count; i++) bytes = pick(random, MUTATIONS)(random, bytes);
      return bytes;
    },
    async parse(bytes) {
      // As a viewer does: the first frame, and one after it if there is any.
      const { facts } = await decodeDicom(bytes, { raw: true, identity: true });
      if (facts.frames > 1) await decodeDicom(bytes, { frame: facts.frames - 1 });
    },
  },
];

function readFolder(folder: string): Uint8Array[] {
  return readdirSync(join(IMAGES, folder))
    .filter((name) => name.endsWith('.dcm') || name === 'DICOMDIR')
    .sort()
    .map((name) => new Uint8Array(readFileSync(join(IMAGES, folder, name))))
    .filter(({ length }) => length <= LARGEST_SEED);
}

/** A large number costs time to make, so that it's seldom picked. */
const rarely = (random: Random, large: number, usual: readonly number[]): number =>
  random() < 0.03 ? large : pick(random, usual);
const latin1 = (text: string): Bytes => Uint8Array.from(Buffer.from(text, 'latin1'));

function join2(...parts: Uint8Array[]): Bytes {
  return Uint8Array.from(Buffer.concat(parts));
}

const insert = (bytes: Bytes, at: number, part: Uint8Array): Bytes =>
  join2(bytes.subarray(0, at), part, bytes.subarray(at));

function u32(value: number): Bytes {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value, true);
  return new Uint8Array(view.buffer);
}

const ITEM = latin1('\xfe\xff\0\xe0');
const ITEM_END = latin1('\xfe\xff\x0d\xe0\0\0\0\0');
const SEQUENCE_END = latin1('\xfe\xff\xdd\xe0\0\0\0\0');
const UNDEFINED = latin1('\xff\xff\xff\xff');
const LENGTHS = [0, 1, 2, 7, 255, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const NUMBERS = [0, 1, 2, 3, 7, 8, 12, 15, 16, 24, 32, 64, 255, 256, 4096, 8000, 20000, 65535];
/** Rows, columns, samples, bits, sign, planes, frames, padding, palettes. */
const FIELDS = [
  '\x10\0',
  '\x11\0',
  '\x02\0',
  '\0\x01',
  '\x01\x01',
  '\x02\x01',
  '\x03\x01',
  '\x06\0',
  '\x20\x01',
  '\x01\x11',
];

/** Positions of elements (or items) in little endian: of the groups that a decoder reads. */
function elementsOf(bytes: Bytes): number[] {
  const found: number[] = [];
  for (let at = 0; at + 8 < bytes.length; at++) {
    const group = (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256;
    if ([0x0002, 0x0008, 0x0028, 0x5200, 0x7fe0, 0xfffe].includes(group)) found.push(at);
  }
  return found;
}

/** Where an element may be inserted: before the pixels. */
function beforePixels(bytes: Bytes): number {
  const at = Buffer.from(bytes.buffer).lastIndexOf(latin1('\xe0\x7f\x10\0'));
  return at < 0 ? bytes.length : at;
}

const MUTATIONS: ((random: Random, bytes: Bytes) => Bytes)[] = [
  flipByte,
  flipByte,
  changeLength,
  changeLength,
  changeField,
  changeField,
  changeSyntax,
  cut,
  appendTail,
  repeatPart,
  removePart,
  nestSequences,
  manyItems,
  manyFragments,
  manyValues,
  changePixels,
];

function flipByte(random: Random, bytes: Bytes): Bytes {
  bytes[below(random, bytes.length)] = pick(random, [0, 255, below(random, 256)]);
  return bytes;
}

function changeLength(random: Random, bytes: Bytes): Bytes {
  const at = pick(random, elementsOf(bytes)) + pick(random, [4, 6, 8]);
  const value = u32(pick(random, [...LENGTHS, bytes.length - at, bytes.length]));
  bytes.set(
    value.subarray(0, Math.max(0, Math.min(pick(random, [2, 4]), bytes.length - at))),
    Math.min(at, bytes.length),
  );
  return bytes;
}

function changeField(random: Random, bytes: Bytes): Bytes {
  const at = Buffer.from(bytes.buffer).indexOf(latin1(`\x28\0${pick(random, FIELDS)}`));
  if (at >= 0 && at + 12 < bytes.length) bytes.set(u32(pick(random, NUMBERS)).subarray(0, 2), at + 8);
  return bytes;
}

function changeSyntax(random: Random, bytes: Bytes): Bytes {
  const at = Buffer.from(bytes.buffer).indexOf(latin1('\x02\0\x10\0UI'));
  if (at < 0) return bytes;
  const uid = pick(random, TRANSFER_SYNTAXES).uid;
  const text = latin1(uid.length % 2 ? `${uid}\0` : uid);
  const end = at + 8 + (bytes[at + 6] ?? 0);
  return join2(bytes.subarray(0, at + 6), Uint8Array.of(text.length, 0), text, bytes.subarray(end));
}

function cut(random: Random, bytes: Bytes): Bytes {
  return bytes.slice(0, 1 + below(random, bytes.length));
}

function appendTail(random: Random, bytes: Bytes): Bytes {
  return join2(bytes, new Uint8Array(below(random, 5000)).fill(pick(random, [0, 255, 0x20, 0xfe])));
}

function repeatPart(random: Random, bytes: Bytes): Bytes {
  const from = pick(random, elementsOf(bytes));
  const part = bytes.subarray(from, from + 8 + below(random, 200));
  const times = rarely(random, Math.floor(1e6 / (part.length + 1)), [1, 2, 100]);
  return insert(bytes, from, Buffer.concat(Array<Uint8Array>(times).fill(part)));
}

function removePart(random: Random, bytes: Bytes): Bytes {
  const from = pick(random, elementsOf(bytes));
  return join2(bytes.subarray(0, from), bytes.subarray(from + 1 + below(random, 64)));
}

function nestSequences(random: Random, bytes: Bytes): Bytes {
  const head = pick(random, [
    latin1('\x28\0\x10\x30SQ\0\0'),
    latin1('\x11\0\x10\x10SQ\0\0'),
    latin1('\x28\0\x10\x30'),
  ]);
  const depth = rarely(random, 50_000, [3, 60, 70, 5000]);
  const open = join2(head, UNDEFINED, ITEM, UNDEFINED);
  const close = random() < 0.5 ? join2(ITEM_END, SEQUENCE_END) : new Uint8Array();
  const all = [...Array<Uint8Array>(depth).fill(open), ...Array<Uint8Array>(depth).fill(close)];
  return insert(bytes, beforePixels(bytes), Buffer.concat(all));
}

function manyItems(random: Random, bytes: Bytes): Bytes {
  const head = pick(random, [
    '\x28\0\x10\x30SQ\0\0',
    '\0\x52\x30\x92SQ\0\0',
    '\0\x52\x30\x92',
    '\x11\0\x10\x10UN\0\0',
  ]);
  const item = pick(random, [
    join2(ITEM, u32(0)),
    join2(ITEM, UNDEFINED),
    join2(ITEM, u32(8), latin1('\x28\0\x50\x10\0\0\0\0')),
  ]);
  const items = Array<Uint8Array>(rarely(random, 200_000, [10, 1000])).fill(item);
  return insert(bytes, beforePixels(bytes), Buffer.concat([latin1(head), UNDEFINED, ...items, SEQUENCE_END]));
}

/** Fragments in front of those that the pixels have, without the table or with one that is wrong. */
function manyFragments(random: Random, bytes: Bytes): Bytes {
  const at = beforePixels(bytes) + 12;
  const body = new Uint8Array(pick(random, [0, 2, 20])).fill(255);
  const fragments = Array<Uint8Array>(rarely(random, 600_000, [3, 1000, 20_000])).fill(
    join2(ITEM, u32(body.length), body),
  );
  const table =
    random() < 0.5
      ? join2(
          ITEM,
          u32(4000),
          new Uint8Array(4000).map(() => below(random, 256)),
        )
      : ITEM_END;
  return insert(bytes, Math.min(at, bytes.length), Buffer.concat([table, ...fragments]));
}

function manyValues(random: Random, bytes: Bytes): Bytes {
  const text = latin1(
    pick(random, ['1\\', '1.5e3\\', '\\', '-', '9'.repeat(400) + '\\']).repeat(
      rarely(random, 30_000, [10, 3000]),
    ),
  );
  const tag = pick(random, [
    '\x28\0\x50\x10',
    '\x28\0\x51\x10',
    '\x28\0\x55\x10',
    '\x28\0\x08\0',
    '\x10\0\x10\0',
    '\x08\0\x05\0',
    '\x08\0\x60\0',
  ]);
  const long = join2(latin1(tag), latin1('UT\0\0'), u32(text.length), text);
  const implicit = join2(latin1(tag), u32(text.length), text);
  return insert(bytes, beforePixels(bytes), random() < 0.7 ? long : implicit);
}

/** Bytes of the coded image. */
function changePixels(random: Random, bytes: Bytes): Bytes {
  const start = Math.min(beforePixels(bytes) + 12, bytes.length - 1);
  for (let i = 0; i < 1 + below(random, 8); i++) {
    bytes[start + below(random, bytes.length - start)] = pick(random, [0, 255, 0xd9, below(random, 256)]);
  }
  return bytes;
}
