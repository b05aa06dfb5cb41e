/** Runs the decoder graph on new tokens: makes its inputs from ids and image features, and reads its logits. */
import { RoundsError } from '../shared/errors';
import { floatArrayFromHalf } from '../shared/half';
import type { TextConfig } from '../shared/modelConfig';
import { DECODER_IO } from './graphs/decoder';
import type { Backend, DeviceTensor, EmbeddingTable, GraphSession } from './ports';
import type { ChunkFeatures } from './promptRows';

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

export interface DecoderRunner {
  /** @returns logits [V] of the last token, or [tokens × V] */
  run(run: DecoderRun, state: DecoderState): Promise<Float32Array>;
  dispose(): void;
}

export interface DecoderParts {
  session: GraphSession;
  backend: Backend;
  config: TextConfig;
}

type Feeds = Record<string, DeviceTensor>;

function wantedPositions({ ids, logitsAt }: DecoderRun): number[] {
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

/**
 * With inputs and logits in buffers that are allocated once: a token makes no new ones, and uploads only numbers. Steps
 * of one token are captured and replayed, which takes a fraction of the time to submit them, if replays prove right.
 */
export class DeviceRunner implements DecoderRunner {
  readonly #parts: DecoderParts;
  readonly #table: EmbeddingTable;
  readonly #embeddings: DeviceTensor;
  readonly #seqlensK: DeviceTensor;
  readonly #totalLength: DeviceTensor;
  readonly #logitsIndex: DeviceTensor;
  readonly #logits: DeviceTensor;
  #captures: boolean;
  /** Version of the state whose step has been captured, and whether a replay has been compared. */
  #captured = { version: 0, isProven: false };

  /** @param chunk most tokens of a run */
  constructor(parts: DecoderParts, table: EmbeddingTable, chunk: number) {
    const { backend, config, session } = parts;
    const type = backend.activations === 'f16' ? 'float16' : 'float32';
    this.#parts = parts;
    this.#table = table;
    this.#captures = session.captures === true;
    this.#embeddings = backend.allocate(type, [1, chunk, config.hiddenSize]);
    this.#seqlensK = backend.allocate('int32', [1]);
    this.#totalLength = backend.allocate('int32', [1]);
    this.#logitsIndex = backend.allocate('int64', [chunk]);
    this.#logits = backend.allocate(type, [1, 1, config.vocabSize]);
  }

  get replays(): boolean {
    return this.#captures && this.#captured.isProven;
  }

  async run(run: DecoderRun, { kept, into, version }: DecoderState): Promise<Float32Array> {
    const { session } = this.#parts;
    const feeds = { ...this.#feeds(run), ...this.#head(), ...kept };
    if (run.logitsAt === 'last') {
      const outputs = { ...into, [DECODER_IO.logits]: this.#logits };
      const isStep = run.ids.length === 1 && !run.features.data;
      return this.#captures && isStep ? this.#step(feeds, outputs, version) : this.#last(feeds, outputs);
    }
    const { [DECODER_IO.logits]: logits } = await session.run(feeds, into);
    if (!logits) throw new RoundsError('internal', 'The decoder returned no logits.');
    const values = await this.#read(logits);
    logits.dispose();
    return values;
  }

  dispose(): void {
    const tensors = [this.#embeddings, this.#seqlensK, this.#totalLength, this.#logitsIndex, this.#logits];
    for (const tensor of tensors) tensor.dispose();
  }

  /** Runs and reads the logits of the last token. @param capture number of a captured run */
  async #last(feeds: Feeds, outputs: Feeds, capture?: number): Promise<Float32Array> {
    await this.#parts.session.run(feeds, outputs, capture);
    return this.#read(this.#logits);
  }

  /**
   * The first step with these tensors is captured. The second one is computed in both ways, which writes the same row of
   * the cache twice: a replay that does not equal the plain run, bit for bit, was the last one.
   */
  async #step(feeds: Feeds, outputs: Feeds, version: number): Promise<Float32Array> {
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

  #feeds(run: DecoderRun): Feeds {
    const { backend, config, session } = this.#parts;
    const { ids, features, past } = run;
    const embeddings = view(backend, this.#embeddings, [1, ids.length, config.hiddenSize]);
    this.#table.lookUp(ids, embeddings);
    this.#placeFeatures(features, ids.length);
    const total = Int32Array.of(past + ids.length);
    backend.write(this.#seqlensK, Int32Array.of(past + ids.length - 1));
    backend.write(this.#totalLength, total);
    const positions = wantedPositions(run);
    backend.write(this.#logitsIndex, BigInt64Array.from(positions, BigInt));
    return {
      [DECODER_IO.embeddings]: embeddings,
      [DECODER_IO.seqlensK]: this.#seqlensK,
      // GroupQueryAttention reads it on the CPU, unless runs are captured.
      [DECODER_IO.totalLength]: session.captures ? this.#totalLength : backend.upload('int32', total, [1]),
      [DECODER_IO.logitsIndex]: view(backend, this.#logitsIndex, [positions.length]),
    };
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
      this.#parts.backend.write(this.#embeddings, values, start * hiddenSize);
      start += length - 1;
    }
  }

  #head(): Feeds {
    const { data, scales, isHead } = this.#table;
    return isHead && scales ? { [DECODER_IO.headData]: data, [DECODER_IO.headScales]: scales } : {};
  }

  async #read(logits: DeviceTensor): Promise<Float32Array> {
    const values = await this.#parts.backend.read(logits);
    return values instanceof Uint16Array ? floatArrayFromHalf(values) : (values as Float32Array);
  }
}

function view(backend: Backend, tensor: DeviceTensor, dims: readonly number[]): DeviceTensor {
  const viewed = backend.view?.(tensor, dims);
  if (!viewed) throw new RoundsError('internal', `${backend.name} has no views of tensors.`);
  return viewed;
}
