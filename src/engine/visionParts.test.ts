/** Full attention in parts, and the memory of features, with real graphs on onnxruntime's CPU build in Node. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { packInMemory } from '../cli/convert/packInMemory';
import { differences } from '../cli/verify/differences';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import { makeVisionGraph, MAX_ATTENTION_OPERATIONS, queryParts } from './graphs/vision';
import { patchColumns } from './model';
import type { GraphSession, PackReader } from './ports';
import type { Patches } from './preprocess/patchify';
import { VisionEncoder } from './visionEncoder';

const folder = join(import.meta.dirname, '../../models/goldens/vectors/checkpoints');

describe('the number of parts', () => {
  it('is one for usual images, and bounds each dispatch of the largest image', () => {
    const vision = { hiddenSize: 1280 };
    expect([1024, 9216, 65_536].map((patches) => queryParts(vision, patches, 'webgpu'))).toEqual([1, 1, 64]);
    for (const patches of [9900, 12_000, 30_000, 65_536]) {
      const parts = queryParts(vision, patches, 'webgpu');
      expect((4 * 1280 * patches ** 2) / parts).toBeLessThanOrEqual(MAX_ATTENTION_OPERATIONS);
    }
    expect(queryParts(vision, 100, 'wasm')).toBe(16);
  });
});

describe.each(['qwen2_5_vl', 'qwen2_vl'])('%s', (checkpoint) => {
  let pack: PackReader;
  let backend: OrtBackend;
  beforeAll(async () => {
    pack = await packInMemory(join(folder, checkpoint), 'f32', 'plain');
    backend = new OrtBackend(await loadOrt('wasm'), null, 'f32');
  });

  function picture(rows: number, columns: number, seed: number): Patches {
    const width = patchColumns(pack) ?? 0;
    const data = Float32Array.from({ length: rows * columns * width }, (_, i) => Math.sin(i * seed));
    return { data, rows: rows * columns, columns: width, gridThw: [1, rows, columns] };
  }

  /** @param parts for an image of so many patches */
  async function encoderWith(parts: (patches: number) => number, featureBytes?: number) {
    const opened: number[] = [];
    let alive = 0;
    const open = async (count: number): Promise<GraphSession> => {
      const target = { backend: 'wasm', type: 'float32' } as const;
      const session = await backend.createSession(makeVisionGraph(pack.manifest, target, count), pack);
      opened.push(count);
      alive += 1;
      expect(alive, 'sessions that hold the weights').toBe(1);
      return { run: (feeds) => session.run(feeds), dispose: () => ((alive -= 1), session.dispose()) };
    };
    const first = await open(parts(0));
    const sessions = { parts, open };
    return {
      encoder: new VisionEncoder(first, sessions, backend, pack.manifest.model.vision, featureBytes),
      opened,
    };
  }

  it('gives the same features however many parts there are, and makes a new graph only for larger images', async () => {
    const { encoder: whole } = await encoderWith(() => 1);
    const { encoder, opened } = await encoderWith((patches) => (patches > 100 ? 16 : patches > 50 ? 4 : 1));
    const images = [picture(4, 6, 1), picture(6, 10, 2), picture(10, 12, 3), picture(4, 6, 4)];
    for (const [i, image] of images.entries()) {
      const [a, b] = [await whole.encode(`${i}`, image), await encoder.encode(`${i}`, image)];
      expect(differences(a.data as Float32Array, b.data as Float32Array).relRmse).toBeLessThan(1e-6);
    }
    expect(opened).toEqual([1, 4, 16]);
    await whole.dispose();
    await encoder.dispose();
  });

  it('keeps features up to its limit, the latest used ones', async () => {
    const image = picture(4, 6, 1);
    const bytes = 6 * pack.manifest.model.vision.outHiddenSize * 4;
    const { encoder } = await encoderWith(() => 1, 2 * bytes);
    for (const key of ['a', 'b']) await encoder.encode(key, image);
    expect(encoder.cached('a')?.data.byteLength).toBe(bytes);
    await encoder.encode('c', image);
    expect(['a', 'b', 'c'].map((key) => encoder.cached(key) !== null)).toEqual([true, false, true]);
    expect(encoder.runs).toBe(3);
    await encoder.encode('a', image);
    expect(encoder.runs).toBe(3);
    await encoder.dispose();
  });
});
