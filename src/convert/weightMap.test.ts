import { describe, expect, it } from 'vitest';
import type { RoundsError } from '../shared/errors';
import type { ModelFamily } from '../shared/modelConfig';
import { parseConfig } from './config';
import { readWeights, type ListedTensor } from './safetensors';
import { inNewNaming, memorySource, tinyConfig, tinyFiles } from './testing/testCheckpoint';
import { packWeights, padToBlock, resolveParts } from './weightMap';

const model = (family: ModelFamily, change = {}) => parseConfig({ ...tinyConfig(family), ...change }, null);
const shapes = (family: ModelFamily, change = {}): Record<string, number[]> =>
  Object.fromEntries(packWeights(model(family, change)).map(({ name, shape }) => [name, shape]));

describe('packWeights', () => {
  it('lists the tensors of a text layer, q, k and v packed, MLP width padded', () => {
    expect(shapes('qwen2_5_vl')).toMatchObject({
      'model.embed_tokens.weight': [96, 64],
      'model.layers.0.input_layernorm.weight': [64],
      'model.layers.0.self_attn.qkv_proj.weight': [128, 64],
      'model.layers.0.self_attn.qkv_proj.bias': [128],
      'model.layers.0.self_attn.o_proj.weight': [64, 64],
      'model.layers.1.post_attention_layernorm.weight': [64],
      'model.layers.1.mlp.gate_proj.weight': [96, 64],
      'model.layers.1.mlp.up_proj.weight': [96, 64],
      'model.layers.1.mlp.down_proj.weight': [64, 96],
      'model.norm.weight': [64],
    });
  });

  it('lists the Qwen2.5-VL tower: SwiGLU padded from 44 to 64, RMSNorm without biases', () => {
    const all = shapes('qwen2_5_vl');
    expect(all).toMatchObject({
      'visual.patch_embed.proj.weight': [32, 1184],
      'visual.blocks.0.norm1.weight': [32],
      'visual.blocks.0.attn.qkv.weight': [96, 32],
      'visual.blocks.0.attn.qkv.bias': [96],
      'visual.blocks.0.attn.proj.weight': [32, 32],
      'visual.blocks.1.mlp.gate_proj.weight': [64, 32],
      'visual.blocks.1.mlp.gate_proj.bias': [64],
      'visual.blocks.1.mlp.up_proj.bias': [64],
      'visual.blocks.1.mlp.down_proj.weight': [32, 64],
      'visual.blocks.1.mlp.down_proj.bias': [32],
      'visual.merger.ln_q.weight': [32],
      'visual.merger.mlp.0.weight': [128, 128],
      'visual.merger.mlp.2.weight': [64, 128],
      'visual.merger.mlp.2.bias': [64],
    });
    expect(Object.keys(all).filter((name) => /norm\d\.bias|fc1|ln_q\.bias/.test(name))).toEqual([]);
  });

  it('lists the Qwen2-VL tower: fc1, fc2 and LayerNorm with biases', () => {
    expect(shapes('qwen2_vl')).toMatchObject({
      'visual.blocks.0.norm1.bias': [32],
      'visual.blocks.0.norm2.bias': [32],
      'visual.blocks.0.mlp.fc1.weight': [128, 32],
      'visual.blocks.0.mlp.fc1.bias': [128],
      'visual.blocks.0.mlp.fc2.weight': [32, 128],
      'visual.merger.ln_q.bias': [32],
    });
  });

  it('has a separate head only if it is not tied', () => {
    expect(shapes('qwen2_5_vl')).not.toHaveProperty(['lm_head.weight']);
    expect(shapes('qwen2_5_vl', { tie_word_embeddings: false })['lm_head.weight']).toEqual([96, 64]);
  });

  it('assigns every row to a part or to padding', () => {
    for (const family of ['qwen2_5_vl', 'qwen2_vl'] as const) {
      for (const { shape, parts, padRows, columns } of packWeights(model(family))) {
        const rows = parts.reduce((sum, part) => sum + part.shape.reduce((a, b) => a * b, 1) / columns, 0);
        expect(rows + padRows).toBe(shape[0]);
        if (shape.length === 2) expect((shape[1] as number) % 32).toBe(0);
      }
    }
    expect([padToBlock(32), padToBlock(33), padToBlock(1176)]).toEqual([32, 64, 1184]);
  });
});

describe('resolveParts', () => {
  const stored = async (options: Parameters<typeof tinyFiles>[0]): Promise<Map<string, ListedTensor>> =>
    (await readWeights(memorySource(tinyFiles(options)))).tensors;
  const refusal = (tensors: Map<string, ListedTensor>, family: ModelFamily = 'qwen2_5_vl'): string => {
    try {
      resolveParts(packWeights(model(family)), tensors);
    } catch (thrown) {
      return `${(thrown as RoundsError).code}: ${(thrown as RoundsError).message}`;
    }
    return 'no error';
  };

  it.each(['qwen2_5_vl', 'qwen2_vl'] as const)(
    'finds every tensor of %s under both sets of names',
    async (family) => {
      const weights = packWeights(model(family));
      for (const naming of ['original', 'new'] as const) {
        const resolved = resolveParts(weights, await stored({ family, naming }));
        const expected = weights.flatMap(({ parts }) => parts.map(({ name }) => name));
        expect([...resolved.keys()]).toEqual(expected);
        for (const [name, tensor] of resolved)
          expect(tensor.name).toBe(naming === 'new' ? inNewNaming(name) : name);
      }
    },
  );

  it('refuses a missing tensor, with its name in the checkpoint', async () => {
    const tensors = await stored({ naming: 'new' });
    tensors.delete('model.language_model.layers.1.mlp.up_proj.weight');
    expect(refusal(tensors)).toMatch(
      /^checkpoint_invalid: .*model\.language_model\.layers\.1\.mlp\.up_proj\.weight is missing/,
    );
  });

  it('refuses a tensor of the wrong shape, naming both shapes', async () => {
    const tensors = await stored({});
    const norm = tensors.get('model.norm.weight') as ListedTensor;
    tensors.set('model.norm.weight', { ...norm, shape: [63] });
    expect(refusal(tensors)).toMatch(
      /model\.norm\.weight has the shape \[63\], but config\.json requires \[64\]/,
    );
  });

  it('refuses unexpected tensors, and tolerates known leftovers', async () => {
    const tensors = await stored({});
    const any = tensors.get('model.norm.weight') as ListedTensor;
    for (const name of [
      'model.layers.0.self_attn.rotary_emb.inv_freq',
      'visual.rotary_pos_emb.inv_freq',
      'lm_head.weight',
    ]) {
      tensors.set(name, { ...any, name });
    }
    expect(refusal(tensors)).toBe('no error');
    tensors.set('model.layers.2.input_layernorm.weight', any);
    expect(refusal(tensors)).toMatch(/model\.layers\.2\.input_layernorm\.weight is not part of the model/);
  });

  it('refuses the other family’s weights', async () => {
    expect(refusal(await stored({ family: 'qwen2_vl' }))).toMatch(/^checkpoint_invalid/);
  });
});
