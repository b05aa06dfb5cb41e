import { describe, expect, it } from 'vitest';
import type { PackManifest, PackTensor } from '../shared/pack';
import { parseManifest } from '../shared/packManifest';
import { runConversion, type ConvertOptions } from './convert';
import type { ConversionChoice } from './choice';
import { planConversion } from './plan';
import { float16Value, widenToFloat32 } from './quantize/half';

import { readable, readWeights } from './safetensors';
import { sha256Hex } from '../shared/sha256';
import { dequantizeQ4, dequantizeQ8 } from './testing/dequantize';
import {
  memorySource,
  MemorySink,
  textFile,
  tinyFiles,
  type Files,
  type TinyOptions,
} from './testing/testCheckpoint';
import { verifyShards } from './verify';

interface Converted {
  manifest: PackManifest;
  sink: MemorySink;
}

async function convert(
  files: Files,
  choice: ConversionChoice,
  options: ConvertOptions = {},
): Promise<Converted> {
  const sink = new MemorySink();
  const manifest = await runConversion(await planConversion(memorySource(files), choice), sink, options);
  return { manifest, sink };
}

/** The values of a pack tensor. */
function restore(tensor: PackTensor, stream: Uint8Array): Float32Array {
  const bytes = (span: { offset: number; length: number }) =>
    stream.slice(span.offset, span.offset + span.length);
  const data = bytes(tensor.data);
  if (tensor.dtype === 'f32') return new Float32Array(data.buffer);
  if (tensor.dtype === 'f16') return Float32Array.from(new Uint16Array(data.buffer), float16Value);
  const scales = new Uint16Array(bytes(tensor.scales as { offset: number; length: number }).buffer);
  return tensor.dtype === 'q4' ? dequantizeQ4(data, scales) : dequantizeQ8(data, scales);
}

/** Stored values by name, read from the files. */
async function storedValues(files: Files): Promise<Map<string, Float32Array>> {
  const { tensors } = await readWeights(memorySource(files));
  const values = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors) {
    const { blob, start, end, dtype } = readable(tensor);
    values.set(name, widenToFloat32(await blob.slice(start, end).arrayBuffer(), dtype) as Float32Array);
  }
  return values;
}

function get(manifest: PackManifest, name: string): PackTensor {
  const tensor = manifest.tensors.find((entry) => entry.name === name);
  if (!tensor) throw new Error(`no ${name}`);
  return tensor;
}

describe('a float32 pack', () => {
  it.each<TinyOptions>([
    { family: 'qwen2_5_vl', dtype: 'BF16' },
    { family: 'qwen2_5_vl', dtype: 'F16', naming: 'new', shards: 3 },
    { family: 'qwen2_vl', dtype: 'F32' },
  ])('contains the stored numbers: %o', async (options) => {
    const files = tinyFiles(options);
    const { manifest, sink } = await convert(files, { weights: 'f32', recipe: 'plain' });
    const stored = await storedValues(files);
    const prefix = options.naming === 'new' ? 'model.language_model' : 'model';
    const value = (name: string): Float32Array => stored.get(name) as Float32Array;
    const packed = (name: string): number[] => [...restore(get(manifest, name), sink.stream())];

    const qkv = ['q', 'k', 'v'].flatMap((p) => [...value(`${prefix}.layers.1.self_attn.${p}_proj.weight`)]);
    expect(packed('model.layers.1.self_attn.qkv_proj.weight')).toEqual(qkv);
    const bias = ['q', 'k', 'v'].flatMap((p) => [...value(`${prefix}.layers.1.self_attn.${p}_proj.bias`)]);
    expect(packed('model.layers.1.self_attn.qkv_proj.bias')).toEqual(bias);
    expect(packed('model.embed_tokens.weight')).toEqual([...value(`${prefix}.embed_tokens.weight`)]);

    // gate_proj: 80 rows, then 16 rows of zeros. down_proj: 64 rows of 80 columns, then 16 zeros.
    const gate = packed('model.layers.0.mlp.gate_proj.weight');
    expect(gate.slice(0, 80 * 64)).toEqual([...value(`${prefix}.layers.0.mlp.gate_proj.weight`)]);
    expect(new Set(gate.slice(80 * 64))).toEqual(new Set([0]));
    const down = packed('model.layers.0.mlp.down_proj.weight');
    const storedDown = value(`${prefix}.layers.0.mlp.down_proj.weight`);
    for (const row of [0, 31, 63]) {
      expect(down.slice(row * 96, row * 96 + 80)).toEqual([...storedDown.subarray(row * 80, row * 80 + 80)]);
      expect(new Set(down.slice(row * 96 + 80, row * 96 + 96))).toEqual(new Set([0]));
    }
    const patch = packed('visual.patch_embed.proj.weight');
    const storedPatch = value(`${options.naming === 'new' ? 'model.' : ''}visual.patch_embed.proj.weight`);
    expect(patch.slice(5 * 1184, 5 * 1184 + 1176)).toEqual([...storedPatch.subarray(5 * 1176, 6 * 1176)]);
    expect(new Set(patch.slice(5 * 1184 + 1176, 6 * 1184))).toEqual(new Set([0]));

    const elements = [...stored.values()].reduce((sum, { length }) => sum + length, 0);
    expect(manifest.parameters).toBe(elements);
  });
});

describe('quantized packs', () => {
  /** rms(error) / rms(value) over all tensors of each type. */
  async function relativeError(choice: ConversionChoice): Promise<Record<string, number>> {
    const files = tinyFiles();
    const exact = await convert(files, { weights: 'f32', recipe: 'plain' });
    const packed = await convert(files, choice);
    const sums = new Map<string, [number, number]>();
    for (const tensor of packed.manifest.tensors) {
      const is = restore(tensor, packed.sink.stream());
      const should = restore(get(exact.manifest, tensor.name), exact.sink.stream());
      expect(is).toHaveLength(should.length);
      const [error, power] = sums.get(tensor.dtype) ?? [0, 0];
      sums.set(tensor.dtype, [
        error + should.reduce((sum, x, i) => sum + (x - (is[i] as number)) ** 2, 0),
        power + should.reduce((sum, x) => sum + x * x, 0),
      ]);
    }
    return Object.fromEntries([...sums].map(([dtype, [error, power]]) => [dtype, Math.sqrt(error / power)]));
  }

  it('are as close to the stored numbers as their type allows', async () => {
    const plain = await relativeError({ weights: 'q4', recipe: 'plain' });
    const best = await relativeError({ weights: 'q4', recipe: 'best' });
    const eight = await relativeError({ weights: 'q8', recipe: 'best' });
    expect(plain['q4']).toBeLessThan(0.12);
    expect(best['q4']).toBeLessThan(plain['q4'] as number);
    expect(best['q8']).toBeLessThan(0.01);
    expect(eight['q8']).toBeLessThan(0.01);
    expect(plain['f16']).toBeLessThan(5e-4);
    expect(best['f32']).toBe(0);
  });
});

describe('a pack', () => {
  const choice: ConversionChoice = { weights: 'q4', recipe: 'best' };

  it('has the same bytes for any number of concurrent jobs and any order of completion', async () => {
    const files = tinyFiles();
    const first = await convert(files, choice);
    const { quantizeRows } = await import('./quantize/quantizeRows');
    let turn = 0;
    const second = await convert(files, choice, {
      concurrency: 7,
      quantizer: async (job) => {
        await new Promise((resolve) => setTimeout(resolve, (turn++ * 7) % 5));
        return quantizeRows(job);
      },
    });
    expect(second.sink.manifest).toBe(first.sink.manifest);
    expect(await sha256Hex(second.sink.stream())).toBe(await sha256Hex(first.sink.stream()));
  });

  it('has a valid manifest, and shards that match it', async () => {
    const { manifest, sink } = await convert(tinyFiles(), choice, { shardBytes: 10_000 });
    const parsed = parseManifest(JSON.parse(sink.manifest as string));
    expect(parsed).toEqual(manifest);
    expect(parsed.shards.length).toBeGreaterThan(5);
    const open = (file: string) =>
      Promise.resolve(sink.files.has(file) ? new Blob([sink.files.get(file) as BlobPart]) : null);
    expect((await verifyShards(parsed, open)).map(({ problem }) => problem)).toEqual(
      parsed.shards.map(() => null),
    );
    const [first, second, third] = parsed.shards.map(({ file }) => file) as [string, string, string];
    (sink.files.get(second) as Uint8Array)[77]! ^= 1;
    sink.files.set(third, new Uint8Array(9_999));
    sink.files.delete(first);
    const problems = (await verifyShards(parsed, open)).map(({ problem }) => problem);
    expect(problems.slice(0, 4)).toEqual([
      'shard-00000.bin is missing.',
      expect.stringMatching(/^shard-00001\.bin has the SHA-256 [0-9a-f]{64} instead of/),
      'shard-00002.bin has 9999 bytes instead of 10000.',
      null,
    ]);
  });

  it('does not depend on the shard size', async () => {
    const whole = await convert(tinyFiles(), choice);
    const cut = await convert(tinyFiles(), choice, { shardBytes: 1_000 });
    expect(cut.manifest.tensors).toEqual(whole.manifest.tensors);
    expect(cut.sink.stream()).toEqual(whole.sink.stream());
  });

  it('starts with the auxiliary files; spans are aligned to 64 bytes and in order', async () => {
    const files = tinyFiles();
    const { manifest, sink } = await convert(files, choice);
    expect(Object.keys(manifest.files)).toEqual([
      'config.json',
      'generation_config.json',
      'preprocessor_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'chat_template.jinja',
    ]);
    const { offset, length } = manifest.files['tokenizer.json'] as { offset: number; length: number };
    expect(sink.stream().slice(offset, offset + length)).toEqual(files.get('tokenizer.json'));
    const spans = [
      ...Object.values(manifest.files),
      ...manifest.tensors.flatMap(({ data, scales }) => (scales ? [data, scales] : [data])),
    ];
    let end = 0;
    for (const span of spans) {
      expect(span.offset % 64).toBe(0);
      expect(span.offset).toBeGreaterThanOrEqual(end);
      end = span.offset + span.length;
    }
    expect(end).toBe(manifest.totalBytes);
  });

  it('names source, licence, files and recipe', async () => {
    const { manifest } = await convert(tinyFiles({ shards: 2 }), choice);
    expect(manifest.source).toMatchObject({ repo: 'tiny', revision: null, license: 'apache-2.0' });
    expect(manifest.source.files.map(({ name }) => name)).toEqual([
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
    ]);
    expect(manifest.recipe).toMatchObject({ weights: 'q4', recipe: 'best', blockSize: 32 });
  });

  it.each<[string, (files: Files) => void, string | null]>([
    ['apache in quotes', (f) => f.set('README.md', textFile('---\nlicense: "mit"\n---\n')), 'mit'],
    [
      'other, with a name',
      (f) => f.set('README.md', textFile('---\nlicense: other\nlicense_name: qwen-research\n---\n')),
      'qwen-research',
    ],
    ['no front matter', (f) => f.set('README.md', textFile('# Model\nlicense: mit\n')), null],
    ['no README.md', (f) => f.delete('README.md'), null],
  ])('licence: %s', async (_what, change, expected) => {
    const files = tinyFiles();
    change(files);
    const plan = await planConversion(memorySource(files), choice);
    expect(plan.source.license).toBe(expected);
  });

  it.each<[string, (files: Files) => void]>([
    ['chat_template.jinja', (f) => f.set('chat_template.jinja', textFile('T'))],
    ['chat_template.json', (f) => f.set('chat_template.json', textFile({ chat_template: 'T' }))],
    ['tokenizer_config.json', (f) => f.set('tokenizer_config.json', textFile({ chat_template: 'T' }))],
    [
      'a list of templates',
      (f) =>
        f.set(
          'tokenizer_config.json',
          textFile({
            chat_template: [
              { name: 'tool', template: 'X' },
              { name: 'default', template: 'T' },
            ],
          }),
        ),
    ],
  ])('takes the chat template from %s', async (_what, change) => {
    const files = tinyFiles();
    change(files);
    const plan = await planConversion(memorySource(files), choice);
    const template = plan.files.find(({ name }) => name === 'chat_template.jinja');
    expect(new TextDecoder().decode(template?.bytes)).toBe('T');
    expect(plan.files.some(({ name }) => name === 'chat_template.json')).toBe(false);
  });

  it('takes image settings from processor_config.json if there is no preprocessor_config.json', async () => {
    const files = tinyFiles();
    files.delete('preprocessor_config.json');
    files.set(
      'processor_config.json',
      textFile({ image_processor: { size: { shortest_edge: 3200, longest_edge: 9000 } } }),
    );
    const plan = await planConversion(memorySource(files), choice);
    expect(plan.imageProcessor).toMatchObject({ minPixels: 3200, maxPixels: 9000 });
    expect(plan.files.map(({ name }) => name)).toContain('preprocessor_config.json');
  });
});
