import { describe, expect, it } from 'vitest';
import { decodeCost, DEVICE_CLASSES, predictMs, prefillCost, visionCost, weightBytesOf } from './costModel';
import { SHAPE_CONFIGS } from './shapes';

const model = SHAPE_CONFIGS['3b'];
const weights = { decoder: 1.9e9, vision: 0.4e9 };

describe('the cost of a step of Qwen2.5-VL-3B', () => {
  it('reads 36,864 bytes of the cache per row in float16', () => {
    const at = (context: number) => decodeCost(model, weights, { lanes: 1, context, valueBytes: 2 }).bytes;
    expect(at(0)).toBe(weights.decoder);
    expect(at(4096) - at(0)).toBe(4096 * 36_864);
  });

  it('reads weights once, but computes for each lane', () => {
    const [one, eight] = [1, 8].map((lanes) =>
      decodeCost(model, weights, { lanes, context: 128, valueBytes: 2 }),
    );
    expect(eight!.flop).toBe(8 * one!.flop);
    expect(eight!.bytes - one!.bytes).toBe(7 * 128 * 36_864);
    expect(eight!.dispatches).toBe(one!.dispatches);
  });

  it('has about 2 operations for each of its 3 billion weights', () => {
    const { flop } = decodeCost(model, weights, { lanes: 1, context: 0, valueBytes: 2 });
    expect(flop / 2).toBeGreaterThan(3.0e9);
    expect(flop / 2).toBeLessThan(3.2e9);
  });

  it('has the operations that were published for images and prompts', () => {
    expect(visionCost(model, weights, 448).flop / 1e12).toBeCloseTo(1.34, 1);
    expect(visionCost(model, weights, 1344).flop / 1e12).toBeCloseTo(13.6, 0);
    expect(prefillCost(model, weights, 316).flop / 1e12).toBeCloseTo(1.77, 0);
  });
});

it('counts a shared embedding as the head, another one not', () => {
  const tensor = (name: string, length: number) => ({
    name,
    dtype: 'q8' as const,
    shape: [1, length],
    data: { offset: 0, length },
  });
  const tensors = [
    tensor('model.embed_tokens.weight', 100),
    tensor('model.norm.weight', 1),
    tensor('visual.x', 7),
  ];
  expect(weightBytesOf(tensors, model)).toEqual({ decoder: 101, vision: 7 });
  const untied = { ...model, text: { ...model.text, tieWordEmbeddings: false } };
  expect(weightBytesOf([...tensors, tensor('lm_head.weight', 50)], untied)).toEqual({
    decoder: 51,
    vision: 7,
  });
});

describe('predictions', () => {
  const [integrated, apple, desktop] = DEVICE_CLASSES;
  const decode = decodeCost(model, weights, { lanes: 1, context: 128, valueBytes: 2 });

  it('are in the order of the devices', () => {
    for (const cost of [decode, prefillCost(model, weights, 512), visionCost(model, weights, 1344)]) {
      expect(predictMs(cost, integrated!)).toBeGreaterThan(predictMs(cost, apple!));
      expect(predictMs(cost, apple!)).toBeGreaterThan(predictMs(cost, desktop!));
    }
  });

  it('are bounded by bytes for a token, by operations for a prompt, and by dispatches for nothing', () => {
    const twice = { ...desktop!, bandwidth: 2 * desktop!.bandwidth };
    expect(predictMs(decode, twice)).toBeCloseTo(predictMs(decode, desktop!) / 2, 5);
    const prefill = prefillCost(model, weights, 512);
    expect(predictMs(prefill, twice)).toBe(predictMs(prefill, desktop!));
    expect(predictMs({ bytes: 0, flop: 0, dispatches: 300 }, desktop!)).toBeCloseTo(3, 5);
  });

  it('are within published rates of 3B models: 15 to 60 tokens/s on the first two, 70 to 200 on a card', () => {
    const rate = (device: (typeof DEVICE_CLASSES)[number]) => 1000 / predictMs(decode, device);
    expect(rate(integrated!)).toBeGreaterThan(15);
    expect(rate(apple!)).toBeLessThan(60);
    expect(rate(desktop!)).toBeGreaterThan(70);
    expect(rate(desktop!)).toBeLessThan(200);
  });
});
