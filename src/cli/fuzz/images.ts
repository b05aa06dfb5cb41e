/** Image files, all through `decodeImage`, and the two decoders inside other formats: JPEG and short deflate streams. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { decodeImage } from '../../image/decode';
import { checkDimensions, readDimensions } from '../../image/dimensions';
import { inflateShort } from '../../image/flate';
import { decodeJpeg } from '../../image/jpeg/decodeJpeg';
import { PROJECT } from '../install.mjs';
import { edge, join as joinBytes, mutateBytes, setNumber } from './mutations';
import { mutatePng } from './pngChunks';
import { below, pick } from './random';
import type { FuzzParser } from './types';

const GOLDENS = join(PROJECT, 'models/goldens');
const FOLDERS = ['made', 'reported'].map((folder) => join(GOLDENS, 'images', folder));

const filesOf = (pattern: RegExp): Uint8Array[] =>
  FOLDERS.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => pattern.test(file))
      .map((file) => new Uint8Array(readFileSync(join(folder, file)))),
  );

/** Pictures in a file of test vectors, as base64. */
function vectorsOf(file: string, field: string): Uint8Array[] {
  const rows = JSON.parse(readFileSync(join(GOLDENS, 'preprocess', file), 'utf8')) as Record<
    string,
    string
  >[];
  return rows.map((row) => new Uint8Array(Buffer.from(row[field] ?? '', 'base64')));
}

const blobOf = (bytes: Uint8Array): Blob => new Blob([bytes as Uint8Array<ArrayBuffer>]);

async function decode(bytes: Uint8Array): Promise<void> {
  await decodeImage(blobOf(bytes), { name: 'fuzz', raw: true });
}

/** Sets a field of the first directory; classic TIFF only, others are damaged anywhere. */
function mutateTiff(random: () => number, seed: Uint8Array): Uint8Array {
  const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
  const little = seed[0] === 0x49;
  const directory = view.getUint32(4, little);
  if (view.getUint16(2, little) !== 42 || directory + 2 > seed.length || random() < 0.3)
    return mutateBytes(random, seed);
  const count = view.getUint16(directory, little);
  for (let i = 1 + below(random, 3); i > 0; i--) {
    const field = directory + 2 + below(random, count) * 12;
    const part = pick(random, [
      { at: 2, size: 2 },
      { at: 4, size: 4 },
      { at: 8, size: 2 },
      { at: 8, size: 4 },
    ]);
    if (field + 12 > seed.length) break;
    setNumber(
      seed,
      field + part.at,
      part.size,
      edge(random, view.getUint16(field + part.at, little)),
      little,
    );
  }
  // Another directory that overlaps this one.
  if (random() < 0.1) setNumber(seed, directory + 2 + count * 12, 4, directory + below(random, 24), little);
  return random() < 0.2 ? mutateBytes(random, seed) : seed;
}

/** Header fields of NIfTI-1: sizes, type, offset, scale, codes. */
const NIFTI_FIELDS: [at: number, size: number][] = [
  ...[40, 42, 44, 46, 48, 50, 52, 54, 70, 72, 252, 254].map((at): [number, number] => [at, 2]),
  ...[0, 76, 80, 84, 108, 112, 116, 124, 128, 256, 260, 280, 300].map((at): [number, number] => [at, 4]),
];

function mutateNifti(random: () => number, seed: Uint8Array): Uint8Array {
  if (random() < 0.3) return mutateBytes(random, seed);
  for (let i = 1 + below(random, 4); i > 0; i--) {
    const [at, size] = pick(random, NIFTI_FIELDS);
    setNumber(seed, at, size, edge(random, seed[at]), seed[0] === 92 || seed[0] === 28);
  }
  // Types of the standard.
  if (random() < 0.3)
    setNumber(seed, 70, 2, pick(random, [2, 4, 8, 16, 64, 128, 512, 1024, 1280, 2304]), true);
  return seed;
}

function mutateGzip(random: () => number, seed: Uint8Array): Uint8Array {
  if (random() < 0.3) return mutateBytes(random, seed);
  const volume = mutateNifti(random, new Uint8Array(gunzipSync(seed)));
  const cut = below(random, volume.length + 1);
  const zeros = new Uint8Array(random() < 0.1 ? 1 << 22 : 0);
  const members = random() < 0.5 ? [volume] : [volume.subarray(0, cut), volume.subarray(cut)];
  const packed = [...members, zeros].map((part) => new Uint8Array(gzipSync(part, { level: 1 })));
  const file = joinBytes(...packed, new Uint8Array(random() < 0.3 ? 100 : 0));
  return random() < 0.3 ? mutateBytes(random, file) : file;
}

/** Frames inside DICOM files, which begin with the markers of a JPEG. */
function jpegSeeds(): Uint8Array[] {
  return filesOf(/^jpeg_.*\.dcm$/).map((file) => {
    const text = Buffer.from(file).toString('latin1');
    return file.slice(text.lastIndexOf('\xff\xd8\xff'));
  });
}

/** Markers and their lengths, more often than coded bits. */
function mutateJpeg(random: () => number, seed: Uint8Array): Uint8Array {
  const markers: number[] = [];
  for (let at = 0; at + 4 < seed.length; at++)
    if (seed[at] === 0xff && (seed[at + 1] ?? 0) >= 0xc0) markers.push(at);
  if (markers.length === 0 || random() < 0.4) return mutateBytes(random, seed);
  for (let i = 1 + below(random, 3); i > 0; i--) {
    const at = pick(random, markers);
    const field = pick(random, [1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13]);
    setNumber(seed, at + field, 1, edge(random, seed[at + field]), false);
  }
  // The same segments many times.
  if (random() > 0.1) return seed;
  const start = pick(random, markers);
  const part = seed.subarray(start, Math.min(start + 4096, seed.length));
  return joinBytes(
    seed.subarray(0, start),
    ...new Array<Uint8Array>(below(random, 200)).fill(part),
    seed.subarray(start),
  );
}

function deflateSeeds(): Uint8Array[] {
  const ramp = Uint8Array.from({ length: 5000 }, (_, i) => (i * i) >> 7);
  return [0, 1, 6, 9].map((level) => new Uint8Array(deflateSync(ramp, { level })));
}

export const parsers: FuzzParser[] = [
  {
    name: 'png',
    seeds: () => [...vectorsOf('png.json', 'png'), ...filesOf(/\.png$/)],
    mutate: mutatePng,
    parse: decode,
  },
  { name: 'tiff', seeds: () => filesOf(/\.tif$/), mutate: mutateTiff, parse: decode },
  { name: 'nifti', seeds: () => filesOf(/\.nii$/), mutate: mutateNifti, parse: decode },
  { name: 'gzip', seeds: () => filesOf(/\.nii\.gz$/), mutate: mutateGzip, parse: decode },
  {
    // What precedes the browser's decoders, which Node doesn't have.
    name: 'picture',
    seeds: () => [...vectorsOf('browser.json', 'file'), ...filesOf(/\.(gif|webp|avif)$/)],
    mutate: mutateBytes,
    parse: decode,
  },
  {
    name: 'jpeg',
    seeds: jpegSeeds,
    mutate: mutateJpeg,
    parse: (bytes) => {
      const size = readDimensions(bytes, 'jpeg');
      checkDimensions(size);
      decodeJpeg(bytes, size);
      return Promise.resolve();
    },
  },
  {
    name: 'deflate',
    seeds: deflateSeeds,
    mutate: mutateBytes,
    parse: (bytes) => {
      inflateShort(bytes, 32_768);
      return Promise.resolve();
    },
  },
];
