/** What a stranger's model brings: headers, indexes, configurations, manifests, tokenizers, and packs as one file. */
import { parseConfig } from '../../convert/config';
import { parsePreprocessor } from '../../convert/imageProcessor';
import { planConversion } from '../../convert/plan';
import { readHeader } from '../../convert/safetensors';
import { decodeJson } from '../../convert/source';
import { openPackFiles } from '../../runtime/library/packFiles';
import { readManifest } from '../../runtime/storage/fetchPack';
import { memoryShardStore } from '../../runtime/storage/shardStore';
import { makeTokenizer } from '../../runtime/tokenizer';
import {
  CHOICE,
  encode,
  INDEX,
  referenceFiles,
  referencePack,
  smallSafetensors,
  smallTokenizer,
  sourceOf,
  zipOf,
} from './modelSeeds';
import { below, pick } from './random';
import type { FuzzParser } from './types';

const FILES = referenceFiles();
const fileOf = (name: string): Uint8Array => FILES.get(name) ?? new Uint8Array();
const PACK = await referencePack();
const ZIP = await zipOf(PACK);
const { vision: VISION } = parseConfig(decodeJson(fileOf('config.json'), 'config.json'), null);

/** Plans the sound checkpoint with one file in another form. */
async function planWith(name: string, bytes: Uint8Array): Promise<void> {
  await planConversion(sourceOf(new Map(FILES).set(name, bytes)), CHOICE);
}

export const parsers: FuzzParser[] = [
  {
    name: 'safetensors',
    seeds: () => [smallSafetensors()],
    mutate: mutateHeader,
    parse: async (bytes) => {
      await readHeader('model.safetensors', new Blob([bytes as BlobPart]));
    },
  },
  {
    name: 'index',
    seeds: () => [fileOf(INDEX)],
    mutate: mutateJson,
    parse: (bytes) => planWith(INDEX, bytes),
  },
  {
    name: 'config',
    seeds: () => [fileOf('config.json')],
    mutate: mutateJson,
    parse: (bytes) => planWith('config.json', bytes),
  },
  {
    name: 'preprocessor',
    seeds: () => [
      fileOf('preprocessor_config.json'),
      encode({
        size: { shortest_edge: 3136, longest_edge: 100_352 },
        image_mean: [0.4, 0.4, 0.4],
        resample: 3,
      }),
    ],
    mutate: mutateJson,
    parse: async (bytes) => {
      parsePreprocessor(decodeJson(bytes, 'preprocessor_config.json'), VISION);
      await planWith('processor_config.json', bytes);
    },
  },
  {
    name: 'model-card',
    seeds: () => [
      encode('---\nlicense: apache-2.0\n---\n# Model\n'),
      encode('---\r\nlicense: "other" # as is\r\nlicense_name: qwen\r\n---\r\n'),
    ],
    mutate: mutateText,
    parse: (bytes) => planWith('README.md', bytes),
  },
  {
    name: 'manifest',
    seeds: () => [PACK.get('pack.json') ?? new Uint8Array()],
    mutate: mutateJson,
    parse: async (bytes) => {
      await readManifest(new Uint8Array(bytes));
    },
  },
  {
    name: 'tokenizer',
    seeds: () => [smallTokenizer()],
    mutate: mutateJson,
    parse: async (bytes) => {
      const tokenizerConfig = encode({ tokenizer_class: 'Qwen2Tokenizer' });
      await Promise.resolve();
      makeTokenizer({ tokenizer: bytes, tokenizerConfig, template: encode('{{ messages[0].content }}') });
    },
  },
  {
    name: 'pack-zip',
    seeds: () => [ZIP],
    mutate: mutateBinary,
    parse: async (bytes) => {
      const source = await openPackFiles([asFile(bytes, 'pack.zip')]);
      const hooks = {
        signal: new AbortController().signal,
        onBytes: () => undefined,
        onDetail: () => undefined,
      };
      await source.fill(memoryShardStore(), hooks);
    },
  },
];

/** Node's File knows no folders. */
function asFile(bytes: Uint8Array, name: string): File {
  return Object.assign(new File([bytes as BlobPart], name), { webkitRelativePath: '' });
}

type Random = () => number;

/** The header as JSON is changed and its length is set again; sometimes the length alone. */
function mutateHeader(random: Random, seed: Uint8Array): Uint8Array {
  if (random() < 0.3) return mutateBinary(random, seed);
  const length = Number(new DataView(seed.buffer, seed.byteOffset).getBigUint64(0, true));
  const header = mutateJson(random, seed.slice(8, 8 + length));
  const bytes = new Uint8Array(8 + header.length + seed.length - 8 - length);
  const stated =
    random() < 0.9 ? header.length : pick(random, [0, 1, header.length - 1, 2 ** 31, 99_000_000]);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.max(stated, 0)), true);
  bytes.set(header, 8);
  bytes.set(seed.subarray(8 + length), 8 + header.length);
  return bytes;
}

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  '',
  'x'.repeat(5_000),
  '(a+)+$',
  [],
  {},
  [[[[]]]],
  { toString: 1 },
  '\ud800',
];

/** Replaces, removes, repeats or nests a value anywhere in the JSON; sometimes damages the text instead. */
function mutateJson(random: Random, seed: Uint8Array): Uint8Array {
  if (random() < 0.2) return mutateText(random, seed);
  const root: unknown = JSON.parse(new TextDecoder().decode(seed));
  for (let i = 1 + below(random, 4); i > 0; i--) changeSomewhere(random, root);
  return encode(random() < 0.05 ? nested(below(random, 5_000)) : JSON.stringify(root));
}

function changeSomewhere(random: Random, root: unknown): void {
  let holder = root;
  for (;;) {
    if (typeof holder !== 'object' || holder === null) return;
    const keys = Object.keys(holder);
    if (keys.length === 0) return;
    const key = pick(random, keys);
    const fields = holder as Record<string, unknown>;
    const value = fields[key];
    if (typeof value === 'object' && value !== null && random() < 0.8) {
      holder = value;
      continue;
    }
    if (random() < 0.15 && !Array.isArray(holder)) delete fields[key];
    else if (random() < 0.2)
      fields[pick(random, ['__proto__', 'constructor', `${key}x`, key.slice(1)])] = value;
    else if (typeof value === 'number' && random() < 0.6) fields[key] = nearby(random, value);
    else fields[key] = structuredClone(pick(random, VALUES));
    return;
  }
}

function nearby(random: Random, value: number): number {
  return pick(random, [
    value + 1,
    value - 1,
    -value,
    value * 2,
    value / 3,
    value * 2 ** 40,
    2 ** 31,
    2 ** 32,
  ]);
}

function nested(depth: number): string {
  return `${'[{"a":'.repeat(depth)}0${'}]'.repeat(depth)}`;
}

/** Damages a text: pieces cut out, doubled, or repeated many times. */
function mutateText(random: Random, seed: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(seed);
  const from = below(random, text.length);
  const to = from + below(random, Math.min(50, text.length - from));
  const piece = pick(random, [
    text.slice(from, to),
    '"',
    '\\',
    '{',
    '[',
    ' ',
    '\n---\n',
    '\u0000',
    'license: ',
  ]);
  const times = pick(random, [0, 1, 2, 100, 2_000]);
  return encode(text.slice(0, from) + piece.repeat(times) + text.slice(to));
}

/** Damages bytes: bits, numbers, cuts and doubled parts. */
function mutateBinary(random: Random, seed: Uint8Array): Uint8Array {
  const bytes = seed.slice();
  for (let i = 1 + below(random, 6); i > 0; i--) {
    // The directory of a ZIP file and the length of a header are at the ends.
    const reach = pick(random, [bytes.length, Math.min(64, bytes.length)]);
    const at = random() < 0.5 ? below(random, reach) : bytes.length - 1 - below(random, reach);
    bytes[at] = random() < 0.5 ? below(random, 256) : (bytes[at] ?? 0) ^ (1 << below(random, 8));
  }
  const cut = random();
  if (cut < 0.15) return bytes.slice(0, below(random, bytes.length));
  if (cut < 0.25) return bytes.slice(below(random, bytes.length));
  return bytes;
}
