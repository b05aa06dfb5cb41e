import { describe, expect, it } from 'vitest';
import { tensorBytes } from '../shared/packManifest';
import type { RecipeOption, WeightsOption } from '../shared/pack';
import { searchesScales, tensorDtypes, type NamedShape } from './policy';

/** A decoder of `layers` layers with a vision patch embedding; the head is tied unless `head` is set. */
function decoder(layers: number, { head = false, hidden = 256, vocab = 1536, mlp = 704 } = {}): NamedShape[] {
  const layer = (n: number): NamedShape[] => [
    { name: `model.layers.${n}.self_attn.qkv_proj.weight`, shape: [2 * hidden, hidden] },
    { name: `model.layers.${n}.self_attn.o_proj.weight`, shape: [hidden, hidden] },
    { name: `model.layers.${n}.mlp.gate_proj.weight`, shape: [mlp, hidden] },
    { name: `model.layers.${n}.mlp.up_proj.weight`, shape: [mlp, hidden] },
    { name: `model.layers.${n}.mlp.down_proj.weight`, shape: [hidden, mlp] },
    { name: `model.layers.${n}.input_layernorm.weight`, shape: [hidden] },
  ];
  return [
    { name: 'visual.patch_embed.proj.weight', shape: [160, 1184] },
    { name: 'model.embed_tokens.weight', shape: [vocab, hidden] },
    ...Array.from({ length: layers }, (_, n) => layer(n)).flat(),
    ...(head ? [{ name: 'lm_head.weight', shape: [vocab, hidden] }] : []),
  ];
}

function choose(tensors: NamedShape[], weights: WeightsOption, recipe: RecipeOption): Record<string, string> {
  const dtypes = tensorDtypes(tensors, weights, recipe);
  return Object.fromEntries(tensors.map(({ name }, i) => [name, dtypes[i] ?? '']));
}

function bytes(tensors: NamedShape[], recipe: RecipeOption): number {
  return tensorDtypes(tensors, 'q4', recipe).reduce((sum, dtype, i) => {
    const size = tensorBytes(dtype, tensors[i]?.shape ?? []);
    return sum + size.data + size.scales;
  }, 0);
}

describe('tensorDtypes', () => {
  it('stores norms as float32 and everything else in the requested type', () => {
    for (const weights of ['q8', 'f16', 'f32'] as const) {
      const chosen = choose(decoder(1), weights, 'best');
      expect(chosen['model.layers.0.input_layernorm.weight']).toBe('f32');
      expect(chosen['model.layers.0.mlp.up_proj.weight']).toBe(weights);
      expect(chosen['visual.patch_embed.proj.weight']).toBe(weights === 'q8' ? 'f16' : weights);
    }
    const plain = choose(decoder(2), 'q4', 'plain');
    expect(new Set(Object.values(plain))).toEqual(new Set(['f16', 'q4', 'f32']));
  });

  it('spends at most a tenth more bytes than plain', () => {
    for (const tensors of [
      decoder(4),
      decoder(4, { head: true }),
      decoder(36, { hidden: 2048, vocab: 151936, mlp: 11008 }),
      decoder(2, { vocab: 20_000 }),
    ]) {
      const ratio = bytes(tensors, 'best') / bytes(tensors, 'plain');
      expect(ratio).toBeLessThanOrEqual(1.1);
      expect(ratio).toBeGreaterThan(0.9);
    }
  });

  it('upgrades the head first, then attention and the first layers', () => {
    const chosen = choose(decoder(4), 'q4', 'best');
    expect(chosen['model.embed_tokens.weight']).toBe('q8');
    expect(chosen['model.layers.0.self_attn.qkv_proj.weight']).toBe('q8');
    expect(chosen['model.layers.3.mlp.down_proj.weight']).toBe('q4');
    const untied = choose(decoder(4, { head: true }), 'q4', 'best');
    expect(untied['lm_head.weight']).toBe('q8');
  });

  it('searches scales only for best', () => {
    expect([searchesScales('plain'), searchesScales('best')]).toEqual([false, true]);
  });
});
