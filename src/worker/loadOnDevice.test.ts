import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packInMemory } from '../cli/convert/packInMemory';
import { loadModel } from '../engine/model';
import type { PackReader, Tokenizer } from '../engine/ports';
import { recordSelfTest } from '../engine/selfTest';
import type { AdapterSummary } from '../runtime/device';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import type { LoadedPack } from '../runtime/storage/packLoader';
import type { StoredVerdict } from '../runtime/storage/verdictStore';
import { loadTokenizer } from '../runtime/tokenizer';
import { RoundsError } from '../shared/errors';
import type { LoadParams } from '../shared/protocol';
import { loadOnDevice, type DevicePorts, type LoadedOnDevice } from './loadOnDevice';
import { truncatedPack } from '../engine/truncatedModel';
import { parseManifest } from '../shared/packManifest';
import { describeMode, modesFor } from './modes';
import { wrongBackend } from './testing/wrongBackend';

const checkpoint = join(import.meta.dirname, '../../models/goldens/vectors/checkpoints/qwen2_5_vl');
const clock = (): number => performance.now();

function adapter(features: string[], software = false): AdapterSummary {
  return { adapter: { features: new Set(features) } as never, description: 'test GPU', software };
}

const params = (over: Partial<LoadParams> = {}): LoadParams => ({
  pack: { kind: 'url', url: '', cache: false },
  backend: 'auto',
  activations: 'auto',
  ...over,
});

describe('modesFor', () => {
  const names = (...args: Parameters<typeof modesFor>): string[] => modesFor(...args).map(describeMode);
  const SMALL = 5e6;
  const LARGE = 3e9;

  it('tries the GPU from fastest to safest, then wasm if the model is small', () => {
    const gpu = adapter(['shader-f16', 'subgroups']);
    const onGpu = ['WebGPU in float16', 'WebGPU in float32', 'WebGPU in float32 without subgroups'];
    expect(names(params(), gpu, SMALL)).toEqual([...onGpu, 'WebAssembly']);
    expect(names(params(), gpu, LARGE)).toEqual(onGpu);
    expect(names(params({ activations: 'f32' }), adapter([]), LARGE)).toEqual(['WebGPU in float32']);
  });

  it('keeps to what was asked for', () => {
    expect(names(params({ backend: 'wasm' }), null, LARGE)).toEqual(['WebAssembly']);
    expect(names(params({ backend: 'webgpu' }), adapter([], true), SMALL)).toEqual(['WebGPU in float32']);
  });

  it('prefers wasm to a software GPU for a small model, and says so', () => {
    const [mode, ...rest] = modesFor(params(), adapter([], true), SMALL);
    expect(rest).toHaveLength(0);
    expect(mode).toMatchObject({
      backend: 'wasm',
      reasons: [{ code: 'software_gpu_slower' }],
    });
  });

  it('refuses what the device lacks', () => {
    const code = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return RoundsError.from(error).code;
      }
      return 'none';
    };
    expect(code(() => modesFor(params({ backend: 'webgpu' }), null, SMALL))).toBe('webgpu_unavailable');
    expect(code(() => modesFor(params(), null, LARGE))).toBe('webgpu_unavailable');
    expect(code(() => modesFor(params({ activations: 'f16' }), adapter([]), SMALL))).toBe('feature_missing');
    expect(code(() => modesFor(params({ backend: 'wasm', activations: 'f16' }), null, SMALL))).toBe(
      'feature_missing',
    );
  });
});

describe('loadOnDevice', () => {
  let pack: LoadedPack;
  let tokenizer: Tokenizer;
  let opened: string[];
  let verdicts: Map<string, StoredVerdict>;
  const isWrong = new Set<string>();
  const gpu = adapter(['shader-f16', 'subgroups']);

  beforeAll(async () => {
    const reader: PackReader = await packInMemory(checkpoint, 'q4', 'best');
    tokenizer = await loadTokenizer(reader);
    const model = await loadModel(reader, new OrtBackend(await loadOrt('wasm'), null, 'f32'), tokenizer);
    const manifest = { ...reader.manifest, selfTest: await recordSelfTest(model, clock) };
    await model.dispose();
    pack = { manifest, read: (span) => reader.read(span), packHash: 'hash', fromCache: false };
  });

  beforeEach(() => {
    opened = [];
    verdicts = new Map();
    isWrong.clear();
  });

  function load(over: Partial<LoadParams> = {}): Promise<LoadedOnDevice> {
    const ports: DevicePorts = {
      clock,
      environment: 'browser 1',
      findAdapter: () => Promise.resolve(gpu),
      verdicts: {
        get: (key) => Promise.resolve(verdicts.get(key)),
        set: (key, verdict) => Promise.resolve(void verdicts.set(key, verdict)),
      },
      openBackend: async (mode) => {
        const name = describeMode(mode);
        opened.push(name);
        // Every mode computes on the CPU here; which of them are wrong is the test's choice.
        const right = new OrtBackend(await loadOrt('wasm'), null, 'f32');
        const report = {
          backend: mode.backend,
          adapter: 'test',
          features: [],
          activations: mode.activations,
          software: false,
          reasons: mode.reasons,
        };
        return { backend: isWrong.has(name) ? wrongBackend(right) : right, report };
      },
    };
    return loadOnDevice(params(over), pack, tokenizer, ports, {
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
  }

  it('uses the best mode whose numbers are right, once', async () => {
    const first = await load();
    expect(first.report.selfTest).toMatchObject({ status: 'passed' });
    await first.model.dispose();
    const second = await load();
    expect(second.report.selfTest).toMatchObject({ status: 'kept' });
    await second.model.dispose();
    expect(opened).toEqual(['WebGPU in float16', 'WebGPU in float16']);
    isWrong.add('WebGPU in float16');
    const again = await load({ recheck: true });
    expect(again.report.selfTest).toMatchObject({ status: 'passed' });
    expect(again.report.reasons).toMatchObject([
      { code: 'wrong_numbers', params: { mode: { activations: 'f16' }, detail: { code: 'prediction_off' } } },
    ]);
    await again.model.dispose();
  });

  it('tries safer modes after wrong numbers, explains, and remembers', async () => {
    isWrong.add('WebGPU in float16').add('WebGPU in float32');
    const { model, report } = await load();
    await model.dispose();
    expect(opened).toEqual(['WebGPU in float16', 'WebGPU in float32', 'WebGPU in float32 without subgroups']);
    expect(report.reasons).toMatchObject(
      ['f16', 'f32'].map((activations) => ({
        code: 'wrong_numbers',
        params: { mode: { backend: 'webgpu', activations, subgroups: true } },
      })),
    );
    opened = [];
    await (await load()).model.dispose();
    expect(opened).toEqual(['WebGPU in float32 without subgroups']);
  });

  it('tests the first layers of a large model before it loads the whole', async () => {
    const whole = pack;
    const layers = { text: 1, vision: 2 };
    const shallow = truncatedPack(whole, layers);
    const model = await loadModel(shallow, new OrtBackend(await loadOrt('wasm'), null, 'f32'), tokenizer);
    const selfTest = { ...(await recordSelfTest(model, clock)), layers };
    await model.dispose();
    pack = { ...whole, manifest: parseManifest({ ...whole.manifest, selfTest }) };
    isWrong.add('WebGPU in float16');
    const { model: loaded, report } = await load();
    expect(report.selfTest.status).toBe('passed');
    expect(loaded.config.text.numHiddenLayers).toBe(whole.manifest.model.text.numHiddenLayers);
    await loaded.dispose();
    // Twice where it is right: for the first layers, and for the whole.
    expect(opened).toEqual(['WebGPU in float16', 'WebGPU in float32', 'WebGPU in float32']);
    pack = whole;
  });

  it('ends at wasm', async () => {
    for (const name of ['WebGPU in float16', 'WebGPU in float32', 'WebGPU in float32 without subgroups'])
      isWrong.add(name);
    const { model, report } = await load();
    await model.dispose();
    expect(report.backend).toBe('wasm');
  });

  it('refuses to run where every allowed mode is wrong', async () => {
    isWrong.add('WebAssembly');
    await expect(load({ backend: 'wasm' })).rejects.toMatchObject({ code: 'self_test_failed' });
    isWrong.add('WebGPU in float32').add('WebGPU in float32 without subgroups');
    await expect(load({ backend: 'webgpu', activations: 'f32' })).rejects.toMatchObject({
      code: 'self_test_failed',
    });
  });
});
