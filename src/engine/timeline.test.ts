import { beforeEach, describe, expect, it } from 'vitest';
import type { TextConfig } from '../shared/modelConfig';
import { DECODER_IO } from './graphs/decoder';
import type { Backend, DeviceTensor, GraphSession, TensorData } from './ports';
import type { Prompt } from './promptRows';
import { Timeline } from './timeline';

interface HostTensor extends DeviceTensor {
  data: TensorData;
}

const config: TextConfig = {
  hiddenSize: 1,
  numHiddenLayers: 1,
  numAttentionHeads: 1,
  numKeyValueHeads: 1,
  headDim: 2,
  intermediateSize: 1,
  vocabSize: 2,
  rmsNormEps: 1e-6,
  ropeTheta: 10000,
  mropeSection: [1, 0, 0],
  tieWordEmbeddings: true,
  maxPositionEmbeddings: 2000,
};

class HostBackend implements Backend {
  readonly name = 'wasm';
  readonly activations = 'f32';
  createSession(): Promise<GraphSession> {
    return Promise.reject(new Error('not used'));
  }
  upload(type: DeviceTensor['type'], data: TensorData, dims: readonly number[]): HostTensor {
    return { type, data, dims, dispose: () => undefined };
  }
  allocate(type: DeviceTensor['type'], dims: readonly number[]): HostTensor {
    return this.upload(type, new Float32Array(dims.reduce((a, b) => a * b, 1)), dims);
  }
  write(tensor: DeviceTensor, data: TensorData): void {
    ((tensor as HostTensor).data as Float32Array).set(data as Float32Array);
  }
  copyRows(source: DeviceTensor, target: DeviceTensor): void {
    ((target as HostTensor).data as Float32Array).set((source as HostTensor).data as Float32Array);
  }
  read(tensor: DeviceTensor): Promise<TensorData> {
    return Promise.resolve((tensor as HostTensor).data);
  }
  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * A decoder whose cache rows contain the token id and whose logits are a digest of all rows: equal logits mean that
 * the cache has the same tokens in the same slots, with the same rotary rows.
 */
class DigestSession implements GraphSession {
  readonly runs: number[] = [];
  readonly featureRows: number[] = [];

  constructor(readonly backend: HostBackend) {}

  run(feeds: Record<string, DeviceTensor>): Promise<Record<string, DeviceTensor>> {
    const data = (name: string): ArrayLike<number | bigint> => (feeds[name] as HostTensor).data;
    const ids = [...(data(DECODER_IO.inputIds) as BigInt64Array)].map(Number);
    const features = data(DECODER_IO.imageFeatures) as Float32Array;
    this.featureRows.push(features.length);
    const rows = [...(data(DECODER_IO.rowIndex) as BigInt64Array)].map(Number);
    const values = rows.map((row) =>
      row < ids.length ? (ids[row] ?? 0) : (features[row - ids.length] ?? 0),
    );
    const total = Number(data(DECODER_IO.totalLength)[0]);
    expect(Number(data(DECODER_IO.seqlensK)[0])).toBe(total - 1);
    const key = data(DECODER_IO.pastKey(0)) as Float32Array;
    const cos = data(DECODER_IO.cos) as Float32Array;
    values.forEach((value, i) => {
      key[2 * (total - ids.length + i)] = value;
    });
    this.runs.push(ids.length);
    let digest = 0;
    for (let slot = 0; slot < total; slot++)
      digest = (digest * 31 + (key[2 * slot] ?? 0) + (cos[slot] ?? 0)) % 1e6;
    const logits = this.backend.upload('float32', Float32Array.of(digest, total), [1, 1, 2]);
    return Promise.resolve({ [DECODER_IO.logits]: logits });
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

function textPrompt(ids: number[]): Prompt {
  const positions = Int32Array.from(ids, (_, i) => i);
  return {
    ids,
    keys: ids.map(String),
    positionIds: [positions, positions, positions],
    ropeDelta: 0,
    featureRows: new Int32Array(ids.length).fill(-1),
    features: new Float32Array(),
  };
}

/** Text, an image with the features `values`, text. */
function imagePrompt(values: number[], imageKey: string): Prompt {
  const ids = [1, ...values.map(() => 99), 2, 3];
  const prompt = textPrompt(ids);
  values.forEach((_, i) => {
    prompt.featureRows[1 + i] = i;
    prompt.keys[1 + i] = `${imageKey}:${i}`;
  });
  return { ...prompt, features: Float32Array.from(values) };
}

describe('Timeline', () => {
  let backend: HostBackend;
  let session: DigestSession;
  const timeline = (chunk = 4): Timeline => new Timeline(session, backend, config, chunk);
  const range = (length: number): number[] => Array.from({ length }, (_, i) => i + 1);

  beforeEach(() => {
    backend = new HostBackend();
    session = new DigestSession(backend);
  });

  it('gives the same logits at once, in chunks, and token by token', async () => {
    const whole = await timeline(1000).prefill(textPrompt(range(700)));
    expect(session.runs).toEqual([700]);
    expect(await timeline(64).prefill(textPrompt(range(700)))).toEqual(whole);
    const stepwise = timeline();
    let last = await stepwise.prefill(textPrompt([1]));
    for (const id of range(700).slice(1)) last = await stepwise.decode(id);
    expect(last).toEqual(whole);
  });

  it('runs only the new tokens of a longer prompt, and always the last token', async () => {
    const one = timeline(100);
    await one.prefill(textPrompt([1, 2, 3]));
    await one.decode(4);
    session.runs.length = 0;
    const reused = await one.prefill(textPrompt([1, 2, 3, 4, 5, 6]));
    expect(session.runs).toEqual([2]);
    expect(reused).toEqual(await timeline(100).prefill(textPrompt([1, 2, 3, 4, 5, 6])));
    session.runs.length = 0;
    await one.prefill(textPrompt([1, 2, 3, 4, 5, 6]));
    expect(session.runs).toEqual([1]);
  });

  it('drops rows from the first difference', async () => {
    const one = timeline(100);
    await one.prefill(textPrompt([1, 2, 3, 4]));
    session.runs.length = 0;
    const changed = await one.prefill(textPrompt([1, 9, 3, 4]));
    expect(session.runs).toEqual([3]);
    expect(changed).toEqual(await timeline(100).prefill(textPrompt([1, 9, 3, 4])));
  });

  it('distinguishes images although their token ids are equal', async () => {
    const one = timeline(100);
    const first = await one.prefill(imagePrompt([10, 20, 30], 'a'));
    const second = await one.prefill(imagePrompt([11, 21, 31], 'b'));
    expect(second).not.toEqual(first);
    expect(second).toEqual(await timeline(100).prefill(imagePrompt([11, 21, 31], 'b')));
  });

  it('feeds each chunk only its own image rows', async () => {
    const values = range(10);
    const whole = await timeline(100).prefill(imagePrompt(values, 'a'));
    session.featureRows.length = 0;
    expect(await timeline(4).prefill(imagePrompt(values, 'a'))).toEqual(whole);
    expect(session.featureRows).toEqual([3, 4, 3, 1]);
  });

  it('preserves its rows when it grows', async () => {
    const one = timeline(1000);
    await one.prefill(textPrompt(range(250)));
    let last = new Float32Array();
    for (let id = 251; id <= 1200; id++) last = (await one.decode(id)) as Float32Array<ArrayBuffer>;
    expect(last).toEqual(await timeline(2000).prefill(textPrompt(range(1200))));
  });

  it('refuses prompts and answers that exceed the context', async () => {
    await expect(timeline().prefill(textPrompt(range(2001)))).rejects.toMatchObject({
      code: 'context_overflow',
    });
    const full = timeline(2000);
    await full.prefill(textPrompt(range(2000)));
    await expect(full.decode(1)).rejects.toMatchObject({ code: 'context_overflow' });
  });

  it('stops between chunks and stays usable', async () => {
    const abort = new AbortController();
    const one = timeline(2);
    const stopped = one.prefill(textPrompt(range(10)), {
      signal: abort.signal,
      onPrefill: (done) => done >= 4 && abort.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect(await one.prefill(textPrompt(range(10)))).toEqual(await timeline().prefill(textPrompt(range(10))));
  });
});
