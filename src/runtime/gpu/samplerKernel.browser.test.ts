import { afterAll, describe, expect, it } from 'vitest';
import { fractionOf } from '../../engine/drawWeights';
import type { TableSource } from '../../engine/ports';
import { createRandom } from '../../engine/random';
import { Sampler, type SamplingSettings } from '../../engine/sampling';
import { floatArrayFromHalf, halfArrayFrom } from '../../shared/half';
import { findAdapter, openDevice } from '../device';
import { ReadBuffer } from './readBuffer';
import { SamplerKernel } from './samplerKernel';

const COLUMNS = 32;

const SETTINGS: [string, Partial<SamplingSettings>][] = [
  ['greedy', { temperature: 0 }],
  ['all tokens', {}],
  ['a low temperature', { temperature: 0.05 }],
  ['a tiny temperature', { temperature: 1e-40 }],
  ['a high temperature', { temperature: 3 }],
  ['top-k', { topK: 20 }],
  ['top-k of more tokens than there are', { topK: 1_000_000 }],
  ['a small nucleus', { topP: 0.3 }],
  ['a large nucleus', { temperature: 2, topP: 0.95 }],
  ['the smallest nucleus', { topP: 1e-12 }],
  ['top-k and top-p', { topK: 40, topP: 0.9, temperature: 0.7 }],
  ['a penalty', { temperature: 0, repetitionPenalty: 1.3 }],
  ['everything', { topK: 500, topP: 0.8, temperature: 1.7, repetitionPenalty: 1.05 }],
  ['a reward for repeating', { repetitionPenalty: 0.7, topP: 0.9 }],
];

/** Distributions with ties, with few and with many candidates. */
const LOGITS: [string, (size: number) => number[]][] = [
  ['steep', (size) => spread(size, 1, (u) => 25 * u - 12)],
  ['flat', (size) => spread(size, 2, (u) => u / 4)],
  ['equal', (size) => spread(size, 3, () => 1.5)],
  ['of few levels', (size) => spread(size, 4, (u) => Math.floor(4 * u) - 1)],
  ['with a few likely ones', (size) => spread(size, 5, (u) => (u > 0.99 ? 10 * u : -30 * u))],
  ['with infinities and NaN', (size) => spread(size, 6, (u) => (u > 0.3 ? u : u > 0.1 ? -Infinity : NaN))],
  ['all infinite but one', (size) => spread(size, 7, () => -Infinity).fill(3, 5, 6)],
];

function spread(size: number, seed: number, of: (uniform: number) => number): number[] {
  const random = createRandom(seed);
  return Array.from({ length: size }, () => of(random()));
}

describe('choosing tokens on the GPU', { timeout: 180_000 }, async () => {
  const summary = await findAdapter();
  const device = summary && (await openDevice(summary)).device;
  afterAll(() => device?.destroy());

  const upload = (data: Uint8Array | Uint16Array | Uint32Array | Float32Array): GPUBuffer => {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = device!.createBuffer({ size: Math.ceil(data.byteLength / 16) * 16, usage });
    device!.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    return buffer;
  };

  interface Opened {
    kernel: SamplerKernel;
    step: { logits: GPUBuffer; embeddings: GPUBuffer; seqlensK: GPUBuffer; totalLength: GPUBuffer };
  }
  const open = (size: number, type: TableSource['type']): Opened => {
    const part = { name: '', tensor: '', part: 'data' as const, type, dims: [], transpose: false };
    const source: TableSource = {
      rows: size,
      columns: COLUMNS,
      bits: 8,
      type,
      data: part,
      scales: part,
      isHead: true,
    };
    const bytes = Uint8Array.from({ length: size * COLUMNS }, (_, i) => (i >> 5) % 251);
    const ones = new Float32Array(size).fill(1);
    const table = { data: upload(bytes), scales: upload(type === 'float16' ? halfArrayFrom(ones) : ones) };
    const step = {
      logits: upload(new Float32Array(size)),
      embeddings: upload(new Float32Array(COLUMNS)),
      seqlensK: upload(Uint32Array.of(6)),
      totalLength: upload(Uint32Array.of(7)),
    };
    return { kernel: new SamplerKernel(device!, source, table, step, size), step };
  };

  const compare = async (
    size: number,
    type: TableSource['type'],
    count: number,
    settingsList = SETTINGS,
  ): Promise<void> => {
    const { kernel, step } = open(size, type);
    for (const [shape, make] of LOGITS) {
      const half = halfArrayFrom(make(size));
      const logits = type === 'float16' ? floatArrayFromHalf(half) : Float32Array.from(make(size));
      device!.queue.writeBuffer(step.logits, 0, type === 'float16' ? half : logits);
      for (const [name, changed] of settingsList) {
        const settings = { temperature: 1, topP: 1, topK: 0, repetitionPenalty: 1, seed: 5, ...changed };
        const prompt = [1, 5, 7, size - 1];
        const onHost = new Sampler(settings, prompt);
        const onGpu = new Sampler(settings, prompt);
        kernel.begin({ settings, seen: onGpu.seen, fractions: onGpu.peek(count) });
        for (let i = 1; i <= count; i++) kernel.choose(i === count ? count : 0);
        const ids = await kernel.ids(count);
        const expected = Array.from({ length: count }, () => onHost.next(logits).id);
        expect(ids, `${shape}, ${name}`).toEqual(expected);
      }
    }
    kernel.dispose();
  };

  it.skipIf(!device)('equals the sampler of the host, whatever the settings and the logits', () =>
    compare(1568, 'float32', 4),
  );
  it.skipIf(!device)('equals it in float16, with a vocabulary that the threads do not divide', () =>
    compare(1002, 'float16', 4),
  );
  it.skipIf(!device)('equals it with a vocabulary of 152,000 tokens', () =>
    compare(
      151_936,
      'float32',
      2,
      SETTINGS.filter(([name]) => ['all tokens', 'a large nucleus', 'everything'].includes(name)),
    ),
  );

  it.skipIf(!device)('makes the token the input of the next step, and continues an answer', async () => {
    const { kernel, step } = open(1568, 'float32');
    device!.queue.writeBuffer(step.logits, 0, Float32Array.from(spread(1568, 8, (u) => u)).fill(2, 300, 301));
    const settings = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 4 };
    kernel.begin({ settings, seen: [], fractions: new Uint32Array() });
    kernel.choose(1);
    expect(await kernel.ids(1)).toEqual([300]);
    const reader = new ReadBuffer(device!);
    const row = new Float32Array(await reader.read(step.embeddings, 4 * COLUMNS));
    expect([...row]).toEqual(new Array(COLUMNS).fill((300 % 251) - 128));
    expect([...new Uint32Array(await reader.read(step.seqlensK, 4))]).toEqual([7]);
    expect([...new Uint32Array(await reader.read(step.totalLength, 4))]).toEqual([8]);
    kernel.begin({ fractions: new Uint32Array() });
    kernel.choose(1);
    // It is still penalized.
    expect(await kernel.ids(1)).not.toEqual([300]);
  });

  it.skipIf(!device)('says if no logit is finite', async () => {
    const { kernel, step } = open(1568, 'float32');
    device!.queue.writeBuffer(step.logits, 0, new Float32Array(1568).fill(NaN));
    const settings = { temperature: 1, topP: 0.9, topK: 0, repetitionPenalty: 1 };
    kernel.begin({ settings, seen: [], fractions: Uint32Array.of(fractionOf(0.5)) });
    kernel.choose(1);
    expect(await kernel.ids(1)).toEqual([-1]);
  });
});
