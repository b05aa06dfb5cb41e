import { expect, it } from 'vitest';
import { SHAPE_CONFIGS } from '../shared/shapes';
import { float16Value } from '../shared/half';
import { seededPack } from './seededPack';

it('has the sizes of Qwen2.5-VL-3B, without having its bytes', async () => {
  const { manifest, ...pack } = seededPack('3b', SHAPE_CONFIGS['3b']);
  expect(manifest.parameters).toBeGreaterThan(3.7e9);
  expect(manifest.parameters).toBeLessThan(3.9e9);
  expect(manifest.totalBytes).toBeGreaterThan(2e9);
  expect(manifest.totalBytes).toBeLessThan(2.6e9);
  const last = manifest.tensors.at(-1)!;
  expect((await pack.read(last.data)).length).toBe(last.data.length);
});

it('gives the same bytes each time', async () => {
  const { manifest, ...pack } = seededPack('mini', SHAPE_CONFIGS.mini);
  const up = manifest.tensors.find(({ name }) => name === 'model.layers.3.mlp.up_proj.weight')!;
  const whole = await pack.read(up.data);
  expect(await pack.read(up.data)).toEqual(whole);
  expect(new Set(whole).size).toBeGreaterThan(200);
});

it('keeps activations at their size', async () => {
  const { manifest, ...pack } = seededPack('mini', SHAPE_CONFIGS.mini);
  const named = (name: string) => manifest.tensors.find((tensor) => tensor.name === name)!;
  expect(new Set(new Float32Array((await pack.read(named('model.norm.weight').data)).buffer))).toEqual(
    new Set([1]),
  );
  expect(new Set(await pack.read(named('model.layers.0.self_attn.qkv_proj.bias').data))).toEqual(
    new Set([0]),
  );
  const up = named('model.layers.3.mlp.up_proj.weight');
  const data = await pack.read(up.data);
  const [scale = 0] = new Uint16Array((await pack.read(up.scales!)).buffer);
  const values = [...data]
    .flatMap((pair) => [(pair & 15) - 8, (pair >> 4) - 8])
    .map((v) => v * float16Value(scale));
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  expect(variance * up.shape[1]!).toBeGreaterThan(0.9);
  expect(variance * up.shape[1]!).toBeLessThan(1.1);
});
