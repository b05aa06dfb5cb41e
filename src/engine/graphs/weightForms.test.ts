import { describe, expect, it } from 'vitest';
import type { PackManifest, PackTensor, TensorDtype } from '../../shared/pack';
import { FLOAT32_BUDGET_BYTES, INT8_BUDGET_BYTES } from '../../shared/wasmWeights';
import { planWeightForms } from './weightForms';

const tensor = (name: string, shape: number[], dtype: TensorDtype = 'q4'): PackTensor => ({
  name,
  dtype,
  shape,
  data: { offset: 0, length: 0 },
});

function plan(tensors: PackTensor[], tieWordEmbeddings = true): Record<string, string> {
  const manifest = { tensors, model: { text: { tieWordEmbeddings } } } as unknown as PackManifest;
  return Object.fromEntries(planWeightForms(manifest));
}

const HEAD = 'model.embed_tokens.weight';
const layers = (count: number, side: number): PackTensor[] =>
  Array.from({ length: count }, (_, i) => tensor(`model.layers.${i}.mlp.up_proj.weight`, [side, side]));

describe('the forms of weights on WebAssembly', () => {
  it('are float32 in a small model, except in the vision tower', () => {
    const vision = tensor('visual.blocks.0.mlp.up_proj.weight', [64, 64], 'q8');
    expect(plan([tensor(HEAD, [512, 64]), ...layers(1, 64), vision])).toEqual({
      [HEAD]: 'float32',
      'model.layers.0.mlp.up_proj.weight': 'float32',
      'visual.blocks.0.mlp.up_proj.weight': 'int8',
    });
  });

  it('leave alone what is not quantized, and an embedding that is not the head', () => {
    const bias = tensor('model.layers.0.self_attn.qkv_proj.bias', [64], 'f32');
    const head = tensor('lm_head.weight', [512, 64], 'f16');
    expect(plan([tensor(HEAD, [512, 64]), head, bias], false)).toEqual({});
  });

  it('are float32 only as far as the budget reaches, and 8-bit integers beyond it', () => {
    const side = 4096;
    const count = 20;
    const forms = Object.values(plan(layers(count, side)));
    const float32 = forms.filter((form) => form === 'float32').length;
    const bytes = side * side * (4 * float32 + 1.125 * (count - float32));
    expect(float32).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(FLOAT32_BUDGET_BYTES);
    expect(bytes + side * side * 2.875).toBeGreaterThan(FLOAT32_BUDGET_BYTES);
    expect(forms.filter((form) => form === 'int8')).toHaveLength(count - float32);
  });

  it('are 4-bit integers if 8 bits would exceed the memory, as far as the pack has 4', () => {
    const side = 16_384;
    const count = Math.ceil(INT8_BUDGET_BYTES / (side * side)) + 1;
    const wide = tensor('model.layers.99.mlp.down_proj.weight', [side, side], 'q8');
    const forms = plan([...layers(count, side), wide]);
    expect(forms['model.layers.0.mlp.up_proj.weight']).toBe('int4');
    expect(forms['model.layers.99.mlp.down_proj.weight']).toBe('int8');
  });
});
