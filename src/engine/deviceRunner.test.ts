import { describe, expect, it } from 'vitest';
import type { TextConfig } from '../shared/modelConfig';
import type { DecoderState } from './decoderRunner';
import { DeviceRunner } from './deviceRunner';
import { DECODER_IO } from './graphs/decoder';
import type {
  Backend,
  DeviceSampler,
  DeviceTensor,
  EmbeddingTable,
  GraphSession,
  SampleStart,
  StepTensors,
  TensorData,
} from './ports';
import { argmax, Sampler } from './sampling';

interface Memory extends DeviceTensor {
  data: { values: number[] };
}

const config = { hiddenSize: 2, vocabSize: 3 } as TextConfig;
const STATE: DecoderState = { version: 1, kept: {}, into: {} };

/** Tensors in memory; only what a runner on a device uses. */
class Device {
  readonly name = 'webgpu';
  readonly activations = 'f32';
  allocate(type: DeviceTensor['type'], dims: readonly number[]): Memory {
    const values = new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(0);
    return { type, dims, data: { values }, dispose: () => undefined };
  }
  view(tensor: DeviceTensor, dims: readonly number[]): Memory {
    return { ...(tensor as Memory), dims };
  }
  upload(type: DeviceTensor['type'], data: TensorData, dims: readonly number[]): Memory {
    const tensor = this.allocate(type, dims);
    this.write(tensor, data);
    return tensor;
  }
  write(tensor: DeviceTensor, data: TensorData, at = 0): void {
    Array.from(data, Number).forEach((value, i) => ((tensor as Memory).data.values[at + i] = value));
  }
  read(tensor: DeviceTensor): Promise<TensorData> {
    return Promise.resolve(Float32Array.from((tensor as Memory).data.values));
  }
}

/** Chooses the best logit, or what `lie` says, and feeds it to the next step. */
class Chooser implements DeviceSampler {
  readonly starts: SampleStart[] = [];
  #chosen: number[] = [];
  constructor(
    readonly step: StepTensors,
    readonly lie: number | null,
  ) {}
  begin(start: SampleStart): void {
    this.starts.push(start);
    this.#chosen = [];
  }
  choose(): void {
    const { values } = (this.step.logits as Memory).data;
    const id = this.lie ?? argmax(Float32Array.from(values));
    this.#chosen.push(id);
    (this.step.embeddings as Memory).data.values.splice(0, 2, id, -id);
    for (const tensor of [this.step.seqlensK, this.step.totalLength]) (tensor as Memory).data.values[0]!++;
  }
  ids(count: number): Promise<number[]> {
    return Promise.resolve(this.#chosen.slice(0, count));
  }
  dispose(): void {
    // Nothing to free.
  }
}

/** Logits are the last token's embedding and the total length. A replay adds `fault` to them. */
class Session {
  readonly captures = true;
  readonly runs: (number | undefined)[] = [];
  readonly embeddings: number[][] = [];
  readonly #seen = new Set<number>();
  constructor(readonly fault: number) {}

  run(
    feeds: Record<string, DeviceTensor>,
    into: Record<string, DeviceTensor> = {},
    capture?: number,
  ): Promise<Record<string, DeviceTensor>> {
    const { data, dims } = feeds[DECODER_IO.embeddings] as Memory;
    const total = (feeds[DECODER_IO.totalLength] as Memory).data.values[0] ?? NaN;
    const rows = data.values.slice(0, (dims[1] ?? 0) * 2);
    const isReplay = capture !== undefined && this.#seen.has(capture);
    if (capture !== undefined) this.#seen.add(capture);
    this.runs.push(capture);
    this.embeddings.push(rows);
    const logits = (into[DECODER_IO.logits] as Memory).data.values;
    [...rows.slice(-2), total + (isReplay ? this.fault : 0)].forEach((value, i) => (logits[i] = value));
    return Promise.resolve({});
  }
}

const table = {
  data: {},
  scales: null,
  isHead: false,
  lookUp: (ids: readonly number[], target: DeviceTensor) =>
    ids.forEach((id, i) => (target as Memory).data.values.splice(2 * i, 2, id, -id)),
} as unknown as EmbeddingTable;

function runner(fault: number): {
  session: Session;
  step: (id: number, version?: number) => Promise<number[]>;
} {
  const session = new Session(fault);
  const parts = {
    session: session as unknown as GraphSession,
    backend: new Device() as unknown as Backend,
    config,
  };
  const made = new DeviceRunner(parts, table, 8);
  const features = { rows: null, data: null };
  let past = 0;
  const step = async (id: number, version = 1): Promise<number[]> => [
    ...(await made.run({ ids: [id], features, past: past++, logitsAt: 'last' }, { ...STATE, version })),
  ];
  return { session, step };
}

describe('steps on a device', () => {
  it('are captured once, compared once, and then replayed', async () => {
    const { session, step } = runner(0);
    expect([await step(5), await step(6), await step(7), await step(8)]).toEqual([
      [5, -5, 1],
      [6, -6, 2],
      [7, -7, 3],
      [8, -8, 4],
    ]);
    expect(session.runs).toEqual([1, undefined, 1, 1, 1]);
  });

  it('are captured and compared again with other tensors', async () => {
    const { session, step } = runner(0);
    for (const version of [1, 1, 1, 2, 2, 2]) await step(5, version);
    expect(session.runs).toEqual([1, undefined, 1, 1, 2, undefined, 2, 2]);
  });

  it('are never replayed again if a replay is wrong, and the wrong one is not used', async () => {
    const { session, step } = runner(0.25);
    const results = [await step(5), await step(6), await step(7), await step(8, 2)];
    expect(results.map(([, , total]) => total)).toEqual([1, 2, 3, 4]);
    expect(session.runs).toEqual([1, undefined, 1, undefined, undefined]);
  });
});

it('puts the features of images over the rows of their tokens', async () => {
  const session = new Session(0);
  const parts = {
    session: session as unknown as GraphSession,
    backend: new Device() as unknown as Backend,
    config,
  };
  const rows = [0, 5, 6, 3, 7];
  const data = Float32Array.of(10, 11, 20, 21, 30, 31);
  const run = { ids: [1, 2, 3, 4, 5], features: { rows, data }, past: 0, logitsAt: 'last' } as const;
  await new DeviceRunner(parts, table, 8).run({ ...run, features: { rows: [...rows], data } }, STATE);
  expect(session.embeddings).toEqual([[1, -1, 10, 11, 20, 21, 4, -4, 30, 31]]);
  expect(session.runs).toEqual([undefined]);
});

describe('tokens that the device chooses', () => {
  const settings = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1 };
  async function proven(lie: number | null) {
    const session = new Session(0);
    const choosers: Chooser[] = [];
    const parts = {
      session: session as unknown as GraphSession,
      backend: new Device() as unknown as Backend,
      config,
    };
    const sampler = (step: StepTensors): DeviceSampler => {
      choosers.push(new Chooser(step, lie));
      return choosers[0]!;
    };
    const made = new DeviceRunner(parts, { ...table, sampler }, 8);
    const features = { rows: null, data: null };
    expect(made.canSample(1)).toBe(false);
    for (const past of [0, 1]) await made.run({ ids: [5], features, past, logitsAt: 'last' }, STATE);
    session.embeddings.length = 0;
    return { session, made, chooser: choosers[0]! };
  }

  it('are compared once for an answer, and then chosen ahead', async () => {
    const { session, made, chooser } = await proven(null);
    expect(made.canSample(1)).toBe(true);
    expect(made.canSample(2)).toBe(false);
    const run = { settings, sampler: new Sampler(settings) };
    // Logits are [id, −id, total length], so the length leads.
    expect(await made.sample({ ...run, id: 1, past: 2, count: 4 }, STATE)).toEqual([2]);
    expect(await made.sample({ ...run, id: 2, past: 3, count: 4 }, STATE)).toEqual([2, 2, 2, 2]);
    expect(session.embeddings).toEqual([
      [1, -1],
      [2, -2],
      [2, -2],
      [2, -2],
      [2, -2],
    ]);
    expect(chooser.starts.map((start) => start.settings !== undefined)).toEqual([true, false]);
    const other = { settings, sampler: new Sampler(settings) };
    expect(await made.sample({ ...other, id: 2, past: 7, count: 4 }, STATE)).toEqual([2]);
  });

  it('are not chosen there any more if the host chooses otherwise', async () => {
    const { made } = await proven(0);
    const run = { settings, sampler: new Sampler(settings), id: 1, past: 2, count: 4 };
    expect(await made.sample(run, STATE)).toEqual([2]);
    expect(made.canSample(1)).toBe(false);
  });
});
