/**
 * Runs the decoder on WebGPU: inputs and logits are in buffers that are allocated once. Steps of one token are captured
 * and replayed, and their tokens are chosen on the device, so that steps can be submitted ahead of the results.
 */
import { RoundsError } from '../shared/errors';
import { floatArrayFromHalf } from '../shared/half';
import {
  wantedPositions,
  type DecoderParts,
  type DecoderRun,
  type DecoderRunner,
  type DecoderState,
  type Feeds,
  type SampleRun,
} from './decoderRunner';
import { DECODER_IO } from './graphs/decoder';
import type { Backend, DeviceSampler, DeviceTensor, EmbeddingTable, StepTensors } from './ports';
import type { ChunkFeatures } from './promptRows';
import type { Sampler } from './sampling';

export class DeviceRunner implements DecoderRunner {
  readonly #parts: DecoderParts;
  readonly #table: EmbeddingTable;
  readonly #step: StepTensors;
  readonly #logitsIndex: DeviceTensor;
  #sampler: DeviceSampler | null;
  #captures: boolean;
  /** Version of the state whose step has been captured, and whether a replay has been compared. */
  #captured = { version: 0, isProven: false };
  /** The token whose embedding the device has ready, with the lengths for this many rows before it. */
  #ready: { sampler: Sampler; id: number; past: number } | null = null;

  /** @param chunk most tokens of a run */
  constructor(parts: DecoderParts, table: EmbeddingTable, chunk: number) {
    const { backend, config, session } = parts;
    const type = backend.activations === 'f16' ? 'float16' : 'float32';
    this.#parts = parts;
    this.#table = table;
    this.#captures = session.captures === true;
    this.#step = {
      embeddings: backend.allocate(type, [1, chunk, config.hiddenSize]),
      seqlensK: backend.allocate('int32', [1]),
      totalLength: backend.allocate('int32', [1]),
      logits: backend.allocate(type, [1, 1, config.vocabSize]),
    };
    this.#logitsIndex = backend.allocate('int64', [chunk]);
    this.#sampler = this.#captures ? (table.sampler?.(this.#step) ?? null) : null;
  }

  async run(run: DecoderRun, { kept, into, version }: DecoderState): Promise<Float32Array> {
    this.#ready = null;
    this.#write(run);
    const feeds = { ...this.#feeds(run), ...kept };
    if (run.logitsAt === 'last') {
      const outputs = this.#outputs(into);
      const isStep = run.ids.length === 1 && !run.features.data;
      return this.#captures && isStep ? this.#capture(feeds, outputs, version) : this.#last(feeds, outputs);
    }
    const { [DECODER_IO.logits]: logits } = await this.#parts.session.run(feeds, into);
    if (!logits) throw new RoundsError('internal', 'The decoder returned no logits.');
    const values = await this.#read(logits);
    logits.dispose();
    return values;
  }

  canSample(version: number): boolean {
    const { isProven, version: captured } = this.#captured;
    return this.#sampler !== null && this.#captures && isProven && captured === version;
  }

  /** The first token of each answer is chosen on the host too: a device that chose another one chooses no more. */
  async sample(run: SampleRun, { kept, into, version }: DecoderState): Promise<number[]> {
    const { id, past, sampler: host, settings } = run;
    const device = this.#sampler;
    if (!device) throw new RoundsError('internal', 'This device chooses no tokens.');
    const isReady = this.#ready?.sampler === host && this.#ready.id === id && this.#ready.past === past;
    const step: DecoderRun = { ids: [id], features: { rows: null, data: null }, past, logitsAt: 'last' };
    if (!isReady) this.#write(step);
    const count = isReady ? run.count : 1;
    device.begin({ ...(isReady ? {} : { settings, seen: host.seen }), fractions: host.peek(count) });
    const feeds = { ...this.#feeds(step), ...kept };
    for (let left = count; left > 0; left--) {
      await this.#parts.session.run(feeds, this.#outputs(into), version);
      device.choose(left === 1 ? count : 0);
    }
    const ids = await device.ids(count);
    this.#ready = { sampler: host, id: ids.at(-1) ?? id, past: past + count };
    if (isReady) return ids;
    const expected = host.preview(await this.#read(this.#step.logits));
    if (expected !== ids[0]) this.#dropSampler();
    return [expected];
  }

  dispose(): void {
    this.#dropSampler();
    const { embeddings, seqlensK, totalLength, logits } = this.#step;
    for (const tensor of [embeddings, seqlensK, totalLength, logits, this.#logitsIndex]) tensor.dispose();
  }

  #dropSampler(): void {
    this.#sampler?.dispose();
    this.#sampler = null;
    this.#ready = null;
  }

  #outputs(into: Feeds): Feeds {
    return { ...into, [DECODER_IO.logits]: this.#step.logits };
  }

  /** Runs and reads the logits of the last token. @param capture number of a captured run */
  async #last(feeds: Feeds, outputs: Feeds, capture?: number): Promise<Float32Array> {
    await this.#parts.session.run(feeds, outputs, capture);
    return this.#read(this.#step.logits);
  }

  /**
   * The first step with these tensors is captured. The second one is computed in both ways, which writes the same row of
   * the cache twice: a replay that does not equal the plain run, bit for bit, was the last one.
   */
  async #capture(feeds: Feeds, outputs: Feeds, version: number): Promise<Float32Array> {
    if (this.#captured.version !== version) {
      this.#captured = { version, isProven: false };
      return this.#last(feeds, outputs, version);
    }
    if (this.#captured.isProven) return this.#last(feeds, outputs, version);
    const plain = await this.#last(feeds, outputs);
    const replayed = await this.#last(feeds, outputs, version);
    this.#captured.isProven = plain.every((value, i) => value === replayed[i]);
    this.#captures = this.#captured.isProven;
    return plain;
  }

  /** Brings the inputs of a run into their buffers. */
  #write(run: DecoderRun): void {
    const { backend } = this.#parts;
    const { ids, features, past } = run;
    this.#table.lookUp(ids, this.#step.embeddings);
    this.#placeFeatures(features, ids.length);
    backend.write(this.#step.seqlensK, Int32Array.of(past + ids.length - 1));
    backend.write(this.#step.totalLength, Int32Array.of(past + ids.length));
    backend.write(this.#logitsIndex, BigInt64Array.from(wantedPositions(run), BigInt));
  }

  /** Overwrites the rows of image tokens, as many consecutive ones at a time as there are. */
  #placeFeatures({ rows, data }: ChunkFeatures, count: number): void {
    if (!rows || !data) return;
    const { hiddenSize } = this.#parts.config;
    for (let start = 0; start < count; start++) {
      const first = (rows[start] ?? 0) - count;
      if (first < 0) continue;
      let length = 1;
      while (start + length < count && rows[start + length] === count + first + length) length++;
      const values = data.subarray(first * hiddenSize, (first + length) * hiddenSize);
      this.#parts.backend.write(this.#step.embeddings, values, start * hiddenSize);
      start += length - 1;
    }
  }

  /** The tensors that hold the inputs of a run. */
  #feeds(run: DecoderRun): Feeds {
    const { backend, config, session } = this.#parts;
    const total = run.past + run.ids.length;
    return {
      [DECODER_IO.embeddings]: view(backend, this.#step.embeddings, [1, run.ids.length, config.hiddenSize]),
      [DECODER_IO.seqlensK]: this.#step.seqlensK,
      // GroupQueryAttention reads it on the CPU, unless runs are captured.
      [DECODER_IO.totalLength]: session.captures
        ? this.#step.totalLength
        : backend.upload('int32', Int32Array.of(total), [1]),
      [DECODER_IO.logitsIndex]: view(backend, this.#logitsIndex, [wantedPositions(run).length]),
      ...headFeeds(this.#table),
    };
  }

  async #read(logits: DeviceTensor): Promise<Float32Array> {
    const values = await this.#parts.backend.read(logits);
    return values instanceof Uint16Array ? floatArrayFromHalf(values) : (values as Float32Array);
  }
}

/** The output head's weight, if the decoder shares that of the table. */
export function headFeeds({ data, scales, isHead }: EmbeddingTable): Feeds {
  return isHead && scales ? { [DECODER_IO.headData]: data, [DECODER_IO.headScales]: scales } : {};
}

function view(backend: Backend, tensor: DeviceTensor, dims: readonly number[]): DeviceTensor {
  const viewed = backend.view?.(tensor, dims);
  if (!viewed) throw new RoundsError('internal', `${backend.name} has no views of tensors.`);
  return viewed;
}
