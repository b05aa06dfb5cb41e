/** Tiny checkpoints in memory for tests, with seeded weights, for each family, naming, config layout and dtype. */
import type { ModelConfig, ModelFamily } from '../../shared/modelConfig';
import { parseConfig } from '../config';
import { bfloat16Bits, float16Bits, type FloatDtype } from '../quantize/half';
import type { PackSink } from '../shards';
import type { CheckpointSource } from '../source';
import { packWeights, type WeightPart } from '../weightMap';

export type JsonObject = Record<string, unknown>;

/** A linear congruential generator: the same weights on every run. Values in [-1, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

export function tinyConfig(family: ModelFamily): JsonObject {
  const vision =
    family === 'qwen2_5_vl'
      ? {
          depth: 2,
          fullatt_block_indexes: [1],
          hidden_size: 32,
          intermediate_size: 44,
          num_heads: 2,
          out_hidden_size: 64,
          window_size: 112,
        }
      : { depth: 2, embed_dim: 32, hidden_size: 64, mlp_ratio: 4, num_heads: 2 };
  return {
    model_type: family,
    hidden_act: 'silu',
    hidden_size: 64,
    intermediate_size: 80,
    max_position_embeddings: 4096,
    num_attention_heads: 2,
    num_hidden_layers: 2,
    num_key_value_heads: 1,
    rms_norm_eps: 1e-6,
    rope_theta: 1_000_000,
    rope_scaling: { type: 'mrope', mrope_section: [4, 6, 6] },
    tie_word_embeddings: true,
    vocab_size: 96,
    eos_token_id: 90,
    image_token_id: 91,
    video_token_id: 92,
    vision_start_token_id: 93,
    vision_end_token_id: 94,
    vision_config: vision,
  };
}

export interface Stored {
  dtype: string;
  shape: number[];
  bytes: Uint8Array;
}

/** A safetensors file. `edit` changes the header before it is written, to make damaged files. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Stored>,
  edit: (header: Record<string, JsonObject>) => void = () => {},
): Uint8Array<ArrayBuffer> {
  const header: Record<string, JsonObject> = {};
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  edit(header);
  const json = new TextEncoder().encode(JSON.stringify({ __metadata__: { format: 'pt' }, ...header }));
  const file = new Uint8Array(8 + json.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  let position = 8 + json.length;
  for (const { bytes } of tensors.values()) {
    file.set(bytes, position);
    position += bytes.length;
  }
  return file;
}

export function encodeFloats(values: Float32Array, dtype: FloatDtype): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(values.buffer.slice(0));
  const bits = dtype === 'BF16' ? bfloat16Bits : float16Bits;
  return new Uint8Array(Uint16Array.from(values, bits).buffer);
}

/** `model.layers…` → `model.language_model.layers…`, `visual.…` → `model.visual.…`. */
export function inNewNaming(name: string): string {
  if (name === 'lm_head.weight') return name;
  return name.startsWith('visual.') ? `model.${name}` : name.replace('model.', 'model.language_model.');
}

/** Seeded weights for every tensor that the config requires, by original name. */
export function randomTensors(model: ModelConfig, dtype: FloatDtype, seed = 1): Map<string, Stored> {
  const next = seeded(seed);
  const parts: WeightPart[] = packWeights(model).flatMap((weight) => weight.parts);
  return new Map(
    parts.map(({ name, shape }) => {
      const count = shape.reduce((product, dim) => product * dim, 1);
      const values = Float32Array.from({ length: count }, () => next() * next());
      return [name, { dtype, shape, bytes: encodeFloats(values, dtype) }];
    }),
  );
}

export type Files = Map<string, Uint8Array<ArrayBuffer>>;

export function textFile(content: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content));
}

export interface TinyOptions {
  family?: ModelFamily;
  config?: JsonObject;
  dtype?: FloatDtype;
  naming?: 'original' | 'new';
  /** More than one: several files with an index. */
  shards?: number;
}

/** All files of a tiny repository. */
export function tinyFiles(options: TinyOptions = {}): Files {
  const { family = 'qwen2_5_vl', dtype = 'BF16', naming = 'original', shards = 1 } = options;
  const config = options.config ?? tinyConfig(family);
  const files: Files = new Map([
    ['config.json', textFile(config)],
    ['generation_config.json', textFile({ eos_token_id: [90, 89] })],
    ['preprocessor_config.json', textFile({ min_pixels: 3136, max_pixels: 50_176 })],
    ['tokenizer.json', textFile({ model: { type: 'BPE' } })],
    ['tokenizer_config.json', textFile({ chat_template: '{{ messages }}' })],
    ['README.md', textFile('---\nlicense: apache-2.0\n---\n# Tiny\n')],
  ]);
  const tensors = [...randomTensors(parseConfig(config, null), dtype)].map(
    ([name, stored]): [string, Stored] => [naming === 'new' ? inNewNaming(name) : name, stored],
  );
  if (shards === 1) {
    files.set('model.safetensors', writeSafetensors(new Map(tensors)));
    return files;
  }
  const weightMap: Record<string, string> = {};
  for (let part = 0; part < shards; part++) {
    const chosen = tensors.filter((_, i) => i % shards === part);
    const file = `model-0000${part + 1}-of-0000${shards}.safetensors`;
    for (const [name] of chosen) weightMap[name] = file;
    files.set(file, writeSafetensors(new Map(chosen)));
  }
  files.set('model.safetensors.index.json', textFile({ metadata: {}, weight_map: weightMap }));
  return files;
}

export function memorySource(files: Files, name = 'tiny'): CheckpointSource {
  return {
    name,
    revision: null,
    license: null,
    list: () => Promise.resolve([...files.keys()].sort()),
    open: (file) => {
      const bytes = files.get(file);
      return Promise.resolve(bytes ? new Blob([bytes]) : null);
    },
  };
}

export class MemorySink implements PackSink {
  readonly files: Files = new Map();
  manifest: string | null = null;
  isAborted = false;

  writeShard(file: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.files.set(file, bytes);
    return Promise.resolve();
  }

  writeManifest(json: string): Promise<void> {
    this.manifest = json;
    return Promise.resolve();
  }

  abort(): Promise<void> {
    this.isAborted = true;
    this.files.clear();
    return Promise.resolve();
  }

  /** All shards as one stream, ordered by name: they may have been written in another order. */
  stream(): Uint8Array<ArrayBuffer> {
    const parts = [...this.files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bytes]) => bytes);
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let position = 0;
    for (const part of parts) {
      all.set(part, position);
      position += part.length;
    }
    return all;
  }
}
