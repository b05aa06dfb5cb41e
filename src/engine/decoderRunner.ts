/** Runs the decoder graph on new tokens: makes its inputs from ids and image features, and reads its logits. */
import { RoundsError } from '../shared/errors';
import type { TextConfig } from '../shared/modelConfig';
import { DECODER_IO } from './graphs/decoder';
import type { Backend, DeviceTensor, GraphSession } from './ports';
import type { ChunkFeatures } from './promptRows';
import type { Sampler, SamplingSettings } from './sampling';

export interface DecoderRun {
  ids: readonly number[];
  features: ChunkFeatures;
  /** Rows in the KV cache before this run. */
  past: number;
  /** Of which tokens the logits are wanted. */
  logitsAt: 'last' | 'all';
}

/** The KV cache and rotary tables as inputs, and the cache as outputs. */
export interface DecoderState {
  /** Number of these tensors, from 1; another one as soon as any of them is another tensor. */
  version: number;
  kept: Record<string, DeviceTensor>;
  into: Record<string, DeviceTensor>;
}

/** A token to run the decoder with, and what chooses those after it. */
export interface SampleRun {
  id: number;
  past: number;
  /** How many tokens are chosen. */
  count: number;
  settings: SamplingSettings;
  /** The host's sampler, which is not advanced. */
  sampler: Sampler;
}

export interface DecoderRunner {
  /** @returns logits [V] of the last token, or [tokens × V] */
  run(run: DecoderRun, state: DecoderState): Promise<Float32Array>;
  /** Whether `sample` can be called with the state of this version. */
  canSample(version: number): boolean;
  /** Runs the decoder with a token and with those that the device chooses, all but the last one. @returns the chosen ones */
  sample(run: SampleRun, state: DecoderState): Promise<number[]>;
  dispose(): void;
}

export interface DecoderParts {
  session: GraphSession;
  backend: Backend;
  config: TextConfig;
}

export type Feeds = Record<string, DeviceTensor>;

/** Positions within a run whose logits are wanted. */
export function wantedPositions({ ids, logitsAt }: DecoderRun): number[] {
  return logitsAt === 'last' ? [ids.length - 1] : ids.map((_, i) => i);
}

/** With inputs that onnxruntime copies; the graph looks tokens up. float32 only: it runs on WebAssembly. */
export class HostRunner implements DecoderRunner {
  readonly #parts: DecoderParts;

  constructor(parts: DecoderParts) {
    this.#parts = parts;
  }

  async run(run: DecoderRun, { kept, into }: DecoderState): Promise<Float32Array> {
    const { session, backend } = this.#parts;
    const feeds = this.#feeds(run);
    const outputs = await session.run({ ...feeds, ...kept }, into);
    const logits = outputs[DECODER_IO.logits];
    if (!logits) throw new RoundsError('internal', 'The decoder returned no logits.');
    const values = (await backend.read(logits)) as Float32Array;
    Object.values(feeds).forEach((tensor) => tensor.dispose());
    Object.values(outputs).forEach((tensor) => tensor.dispose());
    return values;
  }

  canSample(): boolean {
    return false;
  }

  sample(): Promise<number[]> {
    return Promise.reject(new RoundsError('internal', 'Without a GPU the host chooses tokens.'));
  }

  dispose(): void {
    // Its tensors live for one run only.
  }

  #feeds(run: DecoderRun): Feeds {
    const { ids, features, past } = run;
    const { backend, config } = this.#parts;
    const { hiddenSize } = config;
    const positions = wantedPositions(run);
    const count = ids.length;
    const rows = features.data ? features.data.length / hiddenSize : 1;
    const data = features.data ?? new Float32Array(hiddenSize);
    const rowIndex = BigInt64Array.from(ids, (_, i) => BigInt(features.rows?.[i] ?? i));
    return {
      [DECODER_IO.inputIds]: backend.upload('int64', BigInt64Array.from(ids, BigInt), [1, count]),
      [DECODER_IO.imageFeatures]: backend.upload('float32', data, [1, rows, hiddenSize]),
      [DECODER_IO.rowIndex]: backend.upload('int64', rowIndex, [count]),
      [DECODER_IO.seqlensK]: backend.upload('int32', Int32Array.of(past + count - 1), [1]),
      [DECODER_IO.totalLength]: backend.upload('int32', Int32Array.of(past + count), [1]),
      [DECODER_IO.logitsIndex]: backend.upload('int64', BigInt64Array.from(positions, BigInt), [
        positions.length,
      ]),
    };
  }
}
