/** Forms in which checkpoints are found, as transformers reads them, and what is said about files that aren't one. */
import { describe, expect, it } from 'vitest';
import type { RoundsError } from '../shared/errors';
import { runConversion } from './convert';
import { planConversion, type ConversionPlan } from './plan';
import { readWeights } from './safetensors';
import {
  inNewNaming,
  memorySource,
  MemorySink,
  randomTensors,
  textFile,
  tinyConfig,
  tinyFiles,
  writeSafetensors,
  type Files,
} from './testing/testCheckpoint';
import { parseConfig } from './config';

const plan = (files: Files): Promise<ConversionPlan> =>
  planConversion(memorySource(files), { weights: 'q4', recipe: 'plain' });

async function packOf(files: Files): Promise<string> {
  const sink = new MemorySink();
  const manifest = await runConversion(await plan(files), sink);
  return manifest.shards.map(({ sha256 }) => sha256).join();
}

async function refusal(files: Files): Promise<string> {
  return plan(files).then(
    () => 'no error',
    (error: RoundsError) => `${error.code}: ${error.message}`,
  );
}

describe('processor_config.json', () => {
  const image = { merge_size: 2, patch_size: 14, size: { shortest_edge: 3136, longest_edge: 100_352 } };
  const withProcessor = (processor: unknown): Files =>
    tinyFiles().set('processor_config.json', textFile(processor));

  it('wins over preprocessor_config.json where it holds the image processor', async () => {
    const made = await plan(
      withProcessor({ image_processor: image, processor_class: 'Qwen2_5_VLProcessor' }),
    );
    expect(made.imageProcessor.maxPixels).toBe(100_352);
    const stored = made.files.find(({ name }) => name === 'preprocessor_config.json');
    expect(JSON.parse(new TextDecoder().decode(stored?.bytes))).toEqual(image);
  });

  it.each([[{ processor_class: 'Qwen2_5_VLProcessor' }], [{ image_processor: null }]])(
    'does not where it is %j',
    async (processor) => {
      expect((await plan(withProcessor(processor))).imageProcessor.maxPixels).toBe(50_176);
    },
  );
});

describe('an index that is older than its files', () => {
  const INDEX = 'model.safetensors.index.json';
  const [FIRST, SECOND] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  const withIndex = (change: (map: Record<string, string>) => void): Files => {
    const files = tinyFiles({ shards: 2 });
    const index = JSON.parse(new TextDecoder().decode(files.get(INDEX))) as {
      weight_map: Record<string, string>;
    };
    change(index.weight_map);
    return files.set(INDEX, textFile(index));
  };

  it('may name a tied head that is not stored', async () => {
    const files = withIndex((map) => (map['lm_head.weight'] = SECOND));
    expect(await packOf(files)).toBe(await packOf(tinyFiles({ shards: 2 })));
  });

  it('may name another file for a tensor, and omit tensors', async () => {
    const files = withIndex((map) => {
      map['model.norm.weight'] = map['model.norm.weight'] === FIRST ? SECOND : FIRST;
      delete map['model.embed_tokens.weight'];
    });
    expect(await packOf(files)).toBe(await packOf(tinyFiles({ shards: 2 })));
  });

  it('may name a file that is not needed, but not one that is', async () => {
    const files = withIndex((map) => (map['lm_head.weight'] = 'model-00003-of-00003.safetensors'));
    expect(await refusal(files)).toBe('no error');
    files.delete(SECOND);
    expect(await refusal(files)).toMatch(/^checkpoint_invalid: model-0000[23].*is missing\. Download it\./);
  });
});

describe('names of tensors', () => {
  const config = parseConfig(tinyConfig('qwen2_5_vl'), null);
  const renamed = (rename: (name: string) => string): Files => {
    const tensors = [...randomTensors(config, 'BF16')].map(
      ([name, stored]) => [rename(name), stored] as const,
    );
    return tinyFiles().set('model.safetensors', writeSafetensors(new Map(tensors)));
  };

  it.each<[string, (name: string) => string]>([
    ['old ones of the text and new ones of the tower', (n) => (n.startsWith('visual.') ? inNewNaming(n) : n)],
    ['new ones of the text and old ones of the tower', (n) => (n.startsWith('visual.') ? n : inNewNaming(n))],
    ['both within one layer', (n) => (n.endsWith('norm.weight') ? inNewNaming(n) : n)],
    ['those of a base model saved by itself', (n) => inNewNaming(n).replace(/^model\./, '')],
  ])('may be %s', async (_what, rename) => {
    expect(await packOf(renamed(rename))).toBe(await packOf(tinyFiles()));
  });

  it('are those of one file where it holds a tensor of a type that is not needed', async () => {
    const tensors = randomTensors(config, 'BF16');
    const unneeded = 'model.layers.0.self_attn.rotary_emb.inv_freq';
    tensors.set(unneeded, { dtype: 'F8_E4M3', shape: [96, 64], bytes: new Uint8Array(96 * 64) });
    const files = tinyFiles().set('model.safetensors', writeSafetensors(tensors));
    expect(await refusal(files)).toBe('no error');
    tensors.set('model.norm.weight', { dtype: 'F64', shape: [64], bytes: new Uint8Array(512) });
    files.set('model.safetensors', writeSafetensors(tensors));
    expect(await refusal(files)).toMatch(/^model_unsupported: .*model\.norm\.weight is stored as F64/);
  });
});

describe('what isn’t a checkpoint', () => {
  const pointer = textFile(
    'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 3982638936\n',
  );

  it.each(['model.safetensors', 'tokenizer.json', 'config.json', 'tokenizer_config.json'])(
    'is a Git LFS pointer in place of %s',
    async (name) => {
      expect(await refusal(tinyFiles().set(name, pointer))).toMatch(
        new RegExp(`^checkpoint_invalid: ${name} is a Git LFS pointer.*git lfs pull`),
      );
    },
  );

  it.each(['model.safetensors', 'config.json', 'chat_template.jinja'])(
    'is a web page saved as %s',
    async (name) => {
      const page = textFile(`<!DOCTYPE html><html>${' '.repeat(200)}`);
      expect(await refusal(tinyFiles().set(name, page))).toMatch(/is a web page/);
    },
  );

  it.each<[string, string[], RegExp]>([
    [
      'a LoRA adapter',
      ['adapter_config.json', 'adapter_model.safetensors'],
      /LoRA adapter.*Qwen\/Qwen2\.5-VL-3B-Instruct.*Merge it/,
    ],
    ['a GGUF file', ['model-Q4_K_M.gguf'], /has only model-Q4_K_M\.gguf\. GGUF models of llama\.cpp/],
    ['a GGUF file beside others', ['model.gguf', 'config.json', 'README.md'], /GGUF models/],
    ['an adapter with the config of its model', ['adapter_model.bin', 'config.json'], /LoRA adapter/],
    [
      'PyTorch weights',
      ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'pytorch_model.bin'],
      /only pytorch_model\.bin/,
    ],
    [
      'weights of another name',
      ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'weights.safetensors'],
      /only weights\.safetensors\. Rename it/,
    ],
  ])('is %s', async (_what, names, message) => {
    const all = tinyFiles().set(
      'adapter_config.json',
      textFile({ base_model_name_or_path: 'Qwen/Qwen2.5-VL-3B-Instruct' }),
    );
    const files = new Map(names.map((name) => [name, all.get(name) ?? textFile('GGUF')]));
    expect(await refusal(files)).toMatch(/^checkpoint_invalid: /);
    expect(await refusal(files)).toMatch(message);
  });

  it('is a GGUF file that was renamed', async () => {
    const gguf = new Uint8Array(200).fill(99);
    gguf.set(textFile('GGUF'));
    expect(await refusal(tinyFiles().set('model.safetensors', gguf))).toMatch(
      /model\.safetensors is a GGUF file/,
    );
  });

  it('lacks a head that could be tied', async () => {
    const config = textFile({ ...tinyConfig('qwen2_5_vl'), tie_word_embeddings: undefined });
    expect(await refusal(tinyFiles().set('config.json', config))).toMatch(
      /^checkpoint_invalid: The tensor lm_head\.weight is missing.*"tie_word_embeddings": true/,
    );
  });
});

describe('files that were made to exhaust', () => {
  it('are refused with the name of the file', async () => {
    const deep = textFile('['.repeat(500_000) + ']'.repeat(500_000));
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json']) {
      expect(await refusal(tinyFiles().set(name, deep))).toMatch(
        new RegExp(`^checkpoint_invalid: ${name} nests lists and objects 500000 levels deep`),
      );
    }
  });

  it('end in messages of 300 characters', async () => {
    const config = textFile({ ...tinyConfig('qwen2_5_vl'), model_type: 'x'.repeat(5e6) });
    expect((await refusal(tinyFiles().set('config.json', config))).length).toBeLessThan(330);
  });

  it('read a licence of 100,000 spaces in no time', async () => {
    const readme = textFile(`---\nlicense: ${' '.repeat(99_000)}"\n---\n`);
    const started = performance.now();
    expect((await plan(tinyFiles().set('README.md', readme))).source.license).toBeNull();
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

it('an index names at least one file that is there', async () => {
  const files = tinyFiles({ shards: 2 });
  for (const name of [...files.keys()].filter((name) => name.endsWith('.safetensors'))) files.delete(name);
  await expect(readWeights(memorySource(files))).rejects.toThrow(/model-00001-of-00002.*is missing/);
});
