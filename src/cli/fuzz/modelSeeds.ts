/** Sound inputs for the parsers of models: the reference checkpoint, small files made by hand, and a pack. */
import { readdirSync, readFileSync } from 'node:fs';
import { runConversion } from '../../convert/convert';
import { planConversion } from '../../convert/plan';
import type { CheckpointSource } from '../../convert/source';
import { ZipWriter } from '../../shared/zipWriter';

export type Files = ReadonlyMap<string, Uint8Array>;

export const INDEX = 'model.safetensors.index.json';
export const CHOICE = { weights: 'q4', recipe: 'plain' } as const;
/** Two shards with an index. */
const FOLDER = new URL('../../../models/goldens/vectors/checkpoints/qwen2_vl/', import.meta.url);

export function referenceFiles(): Files {
  const names = readdirSync(FOLDER).filter((name) => !name.startsWith('.'));
  return new Map(names.map((name) => [name, new Uint8Array(readFileSync(new URL(name, FOLDER)))]));
}

export function sourceOf(files: Files): CheckpointSource {
  return {
    name: 'fuzzed',
    revision: null,
    license: null,
    list: () => Promise.resolve([...files.keys()].sort()),
    open: (name) => {
      const bytes = files.get(name);
      return Promise.resolve(bytes ? new Blob([bytes as BlobPart]) : null);
    },
  };
}

export function encode(content: unknown): Uint8Array {
  return new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content));
}

/** Three tensors, one of them of a type that is not read. */
export function smallSafetensors(): Uint8Array {
  const header = encode({
    __metadata__: { format: 'pt' },
    a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    b: { dtype: 'BF16', shape: [4], data_offsets: [24, 32] },
    c: { dtype: 'I8', shape: [], data_offsets: [32, 33] },
  });
  const file = new Uint8Array(8 + header.length + 33);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  return file;
}

export function smallTokenizer(): Uint8Array {
  const added = { lstrip: false, rstrip: false, normalized: false, single_word: false, special: true };
  return encode({
    version: '1.0',
    added_tokens: [{ id: 3, content: '<|im_end|>', ...added }],
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: '\\s+|\\S' }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] },
  });
}

/** The reference checkpoint as a pack: pack.json and its shards. */
export async function referencePack(): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  await runConversion(await planConversion(sourceOf(referenceFiles()), CHOICE), {
    writeShard: (name, bytes) => Promise.resolve(void files.set(name, bytes.slice())),
    writeManifest: (json) => Promise.resolve(void files.set('pack.json', encode(json))),
    abort: () => Promise.resolve(),
  });
  return files;
}

export async function zipOf(files: Files): Promise<Uint8Array> {
  const zip = new ZipWriter();
  for (const [name, bytes] of files) await zip.add(`pack/${name}`, bytes as Uint8Array<ArrayBuffer>);
  return new Uint8Array(await zip.finish().arrayBuffer());
}
