/** Damage that any binary format may come with; parsers add what is special to theirs. */
import { below, pick } from './random';

type Random = () => number;
type Mutation = (random: Random, bytes: Uint8Array) => Uint8Array;

/** Numbers at which counts, lengths and offsets go wrong. */
const EDGES = [
  0,
  1,
  2,
  3,
  7,
  8,
  127,
  128,
  255,
  256,
  1023,
  32767,
  32768,
  65535,
  65536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

/** One to four kinds of damage. */
export function mutateBytes(random: Random, seed: Uint8Array): Uint8Array {
  let bytes: Uint8Array = seed.slice();
  for (let i = 1 + below(random, 4); i > 0; i--) bytes = pick(random, MUTATIONS)(random, bytes);
  return bytes;
}

/** Any edge, or a small change of what is there. */
export function edge(random: Random, value = 0): number {
  return random() < 0.7 ? pick(random, EDGES) : Math.max(0, value + below(random, 9) - 4);
}

/** Writes a number of 1, 2, 4 or 8 bytes, as far as there is room. */
export function setNumber(bytes: Uint8Array, at: number, size: number, value: number, little: boolean): void {
  for (let i = 0; i < size && at + i < bytes.length; i++) {
    bytes[at + (little ? i : size - 1 - i)] = Math.floor(value / 2 ** (8 * i)) % 256;
  }
}

const flipBit: Mutation = (random, bytes) => {
  const at = below(random, bytes.length);
  if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
  return bytes;
};

const setByte: Mutation = (random, bytes) => {
  if (bytes.length > 0) bytes[below(random, bytes.length)] = below(random, 256);
  return bytes;
};

/** Most formats have their numbers at even offsets, and the important ones at the start. */
const setField: Mutation = (random, bytes) => {
  const reach = random() < 0.5 ? Math.min(bytes.length, 256) : bytes.length;
  const size = pick(random, [1, 2, 4, 8]);
  const at = Math.floor(below(random, reach) / 2) * 2;
  setNumber(bytes, at, size, edge(random, bytes[at]), random() < 0.5);
  return bytes;
};

const truncate: Mutation = (random, bytes) => bytes.slice(0, below(random, bytes.length + 1));

const repeat: Mutation = (random, bytes) => {
  const at = below(random, bytes.length + 1);
  const part = bytes.slice(at, at + 1 + below(random, 64));
  return join(bytes.slice(0, at), ...new Array<Uint8Array>(1 + below(random, 8)).fill(part), bytes.slice(at));
};

const remove: Mutation = (random, bytes) => {
  const at = below(random, bytes.length + 1);
  return join(bytes.slice(0, at), bytes.slice(at + 1 + below(random, 32)));
};

const MUTATIONS: Mutation[] = [flipBit, setByte, setField, setField, setField, truncate, repeat, remove];

export function join(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
