/** Breaks PNG files chunk by chunk, with checksums that are right, so that the damage gets past them. */
import { deflateSync, inflateSync } from 'node:zlib';
import { crc32 } from '../../image/png/crc32';
import { edge, join, mutateBytes, setNumber } from './mutations';
import { below, pick } from './random';

interface Chunk {
  type: string;
  body: Uint8Array;
}

export function mutatePng(random: () => number, seed: Uint8Array): Uint8Array {
  if (random() < 0.2) return mutateBytes(random, seed);
  let chunks = readChunks(seed);
  for (let i = 1 + below(random, 3); i > 0; i--) chunks = pick(random, MUTATIONS)(random, chunks);
  const file = join(seed.subarray(0, 8), ...chunks.map(writeChunk));
  return random() < 0.1 ? mutateBytes(random, file) : file;
}

type Mutation = (random: () => number, chunks: Chunk[]) => Chunk[];

const changeHeader: Mutation = (random, chunks) => {
  const header = chunks.find(({ type }) => type === 'IHDR')?.body.slice() ?? new Uint8Array(13);
  const [at, size] = pick(random, [
    [0, 4],
    [4, 4],
    [8, 1],
    [9, 1],
    [12, 1],
  ] as const);
  const isSide = at < 8;
  const kinds = { 8: [1, 2, 4, 8, 16], 9: [0, 2, 3, 4, 6], 12: [0, 1] }[at as 8] ?? [1];
  setNumber(header, at, size, isSide ? edge(random, header[at + 3]) : pick(random, kinds), false);
  return chunks.map((chunk) => (chunk.type === 'IHDR' ? { ...chunk, body: header } : chunk));
};

/** Filters and samples, packed again. */
const changePixels: Mutation = (random, chunks) => {
  const packed = join(...chunks.filter(({ type }) => type === 'IDAT').map(({ body }) => body));
  let pixels: Uint8Array;
  try {
    pixels = new Uint8Array(inflateSync(packed));
  } catch {
    return chunks;
  }
  const changed = random() < 0.05 ? new Uint8Array(1 << 24) : mutateBytes(random, pixels);
  const body = new Uint8Array(deflateSync(changed, { level: 1 }));
  const first = chunks.findIndex(({ type }) => type === 'IDAT');
  return chunks.flatMap((chunk, i) =>
    chunk.type !== 'IDAT' ? [chunk] : i === first ? [{ ...chunk, body }] : [],
  );
};

const repeatChunk: Mutation = (random, chunks) => {
  const at = below(random, chunks.length);
  const chunk = chunks[at];
  if (!chunk) return chunks;
  const count = random() < 0.1 ? 2000 : 1 + below(random, 4);
  const copy = random() < 0.5 ? chunk : { ...chunk, body: new Uint8Array() };
  return [...chunks.slice(0, at), ...new Array<Chunk>(count).fill(copy), ...chunks.slice(at)];
};

const removeChunk: Mutation = (random, chunks) => chunks.filter((_, i) => i !== below(random, chunks.length));

const addChunk: Mutation = (random, chunks) => {
  const type = pick(random, ['PLTE', 'tRNS', 'eXIf', 'acTL', 'sPLT', 'IDAT', 'IEND', 'IHDR', 'zTXt']);
  const body = Uint8Array.from({ length: below(random, 800) }, () => below(random, 256));
  const at = below(random, chunks.length + 1);
  return [...chunks.slice(0, at), { type, body }, ...chunks.slice(at)];
};

const changeChunk: Mutation = (random, chunks) => {
  const at = below(random, chunks.length);
  return chunks.map((chunk, i) => (i === at ? { ...chunk, body: mutateBytes(random, chunk.body) } : chunk));
};

const MUTATIONS = [
  changeHeader,
  changeHeader,
  changePixels,
  changePixels,
  repeatChunk,
  removeChunk,
  addChunk,
  changeChunk,
];

function readChunks(png: Uint8Array): Chunk[] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks: Chunk[] = [];
  for (let at = 8; at + 12 <= png.length; at += 12 + view.getUint32(at)) {
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    chunks.push({ type, body: png.slice(at + 8, at + 8 + view.getUint32(at)) });
  }
  return chunks;
}

function writeChunk({ type, body }: Chunk): Uint8Array {
  const chunk = new Uint8Array(body.length + 12);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length);
  chunk.set(
    Array.from(type, (sign) => sign.charCodeAt(0)),
    4,
  );
  chunk.set(body, 8);
  view.setUint32(body.length + 8, crc32(chunk.subarray(4, body.length + 8)));
  return chunk;
}
