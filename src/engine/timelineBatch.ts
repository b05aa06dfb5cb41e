/**
 * Several continuations of one prompt, decoded at once: each step runs the decoder on one token of each. Weights are read
 * once for all of them, which is most of a step's time. Each lane has a copy of the prompt's rows in the KV cache. Lanes
 * that have ended are dropped.
 */
import { RoundsError } from '../shared/errors';
import type { TextConfig } from '../shared/modelConfig';
import { DECODER_IO } from './graphs/decoder';
import type { Backend, DeviceTensor, GraphSession } from './ports';

/** The cache of a batch grows in steps of this many rows. */
const SLOT_STEP = 64;

export interface LayerCache {
  key: DeviceTensor;
  value: DeviceTensor;
}

export interface Tables {
  cos: DeviceTensor;
  sin: DeviceTensor;
}

interface Parts {
  session: GraphSession;
  backend: Backend;
  config: TextConfig;
}

/** float32 only: the batch runs on WebAssembly. */
export class TimelineBatch {
  readonly #parts: Parts;
  readonly #angles: (slots: number) => { cos: Float32Array; sin: Float32Array };
  #cache: LayerCache[];
  #tables: Tables;
  #lanes: number;
  #slots: number;
  #length: number;

  /**
   * @param start rows that every lane starts with
   * @param angles rotary tables of a number of slots
   */
  constructor(
    parts: Parts,
    start: { cache: LayerCache[]; length: number; lanes: number },
    angles: (slots: number) => { cos: Float32Array; sin: Float32Array },
  ) {
    this.#parts = parts;
    this.#angles = angles;
    this.#length = start.length;
    this.#lanes = start.lanes;
    this.#slots = this.#slotsFor(start.length + SLOT_STEP);
    this.#cache = this.#copies(start.cache, new Array<number>(start.lanes).fill(0));
    this.#tables = this.#makeTables();
  }

  /** Bytes of the keys and values of one lane with `rows` rows. */
  static laneBytes({ numHiddenLayers, numKeyValueHeads, headDim }: TextConfig, rows: number): number {
    return 2 * numHiddenLayers * numKeyValueHeads * headDim * rows * 4;
  }

  /**
   * Appends one token to each lane.
   * @param ids one for each lane
   * @returns logits [V] for each lane
   */
  async decode(ids: readonly number[]): Promise<Float32Array[]> {
    if (this.#length + 1 > this.#slots) this.#grow();
    const { session, backend, config } = this.#parts;
    const feeds = this.#feeds(ids);
    const kept: Record<string, DeviceTensor> = {
      [DECODER_IO.cos]: this.#tables.cos,
      [DECODER_IO.sin]: this.#tables.sin,
    };
    const into: Record<string, DeviceTensor> = {};
    this.#cache.forEach(({ key, value }, layer) => {
      kept[DECODER_IO.pastKey(layer)] = key;
      kept[DECODER_IO.pastValue(layer)] = value;
      into[DECODER_IO.presentKey(layer)] = key;
      into[DECODER_IO.presentValue(layer)] = value;
    });
    const outputs = await session.run({ ...feeds, ...kept }, into);
    const logits = outputs[DECODER_IO.logits];
    if (!logits) throw new RoundsError('internal', 'The decoder returned no logits.');
    const values = (await backend.read(logits)) as Float32Array;
    Object.values(feeds).forEach((tensor) => tensor.dispose());
    logits.dispose();
    this.#length++;
    return ids.map((_, lane) => values.subarray(lane * config.vocabSize, (lane + 1) * config.vocabSize));
  }

  /** Drops all lanes but these, in this order. */
  keep(lanes: readonly number[]): void {
    if (lanes.length === this.#lanes) return;
    const previous = this.#cache;
    this.#lanes = lanes.length;
    this.#cache = this.#copies(previous, lanes);
    release(previous);
  }

  dispose(): void {
    release(this.#cache, this.#tables);
    this.#cache = [];
  }

  #feeds(ids: readonly number[]): Record<string, DeviceTensor> {
    const { backend, config } = this.#parts;
    const lanes = ids.length;
    // Without images the features are one row of zeros, which no position takes.
    const features = new Float32Array(lanes * config.hiddenSize);
    return {
      [DECODER_IO.inputIds]: backend.upload('int64', BigInt64Array.from(ids, BigInt), [lanes, 1]),
      [DECODER_IO.imageFeatures]: backend.upload('float32', features, [lanes, 1, config.hiddenSize]),
      [DECODER_IO.rowIndex]: backend.upload('int64', BigInt64Array.of(0n), [1]),
      [DECODER_IO.seqlensK]: backend.upload('int32', new Int32Array(lanes).fill(this.#length), [lanes]),
      [DECODER_IO.totalLength]: backend.upload('int32', Int32Array.of(this.#length + 1), [1]),
      [DECODER_IO.logitsIndex]: backend.upload('int64', BigInt64Array.of(0n), [1]),
    };
  }

  #grow(): void {
    this.#slots = this.#slotsFor(Math.ceil(this.#slots * 1.5));
    const previous = this.#cache;
    this.#cache = this.#copies(
      previous,
      Array.from({ length: this.#lanes }, (_, lane) => lane),
    );
    release(previous, this.#tables);
    this.#tables = this.#makeTables();
  }

  #slotsFor(rows: number): number {
    return Math.min(Math.ceil(rows / SLOT_STEP) * SLOT_STEP, this.#parts.config.maxPositionEmbeddings);
  }

  /** A cache whose lane i has the rows of lane `lanes[i]` of `source`. */
  #copies(source: LayerCache[], lanes: readonly number[]): LayerCache[] {
    const { backend, config } = this.#parts;
    const dims = [lanes.length, config.numKeyValueHeads, this.#slots, config.headDim];
    const copy = (from: DeviceTensor): DeviceTensor => {
      const to = backend.allocate('float32', dims);
      lanes.forEach((lane, index) => backend.copyRows(from, to, lane, index));
      return to;
    };
    return source.map(({ key, value }) => ({ key: copy(key), value: copy(value) }));
  }

  #makeTables(): Tables {
    const { backend, config } = this.#parts;
    const { cos, sin } = this.#angles(this.#slots);
    const make = (values: Float32Array): DeviceTensor => {
      const tensor = backend.allocate('float32', [this.#slots, config.headDim / 2]);
      backend.write(tensor, values);
      return tensor;
    };
    return { cos: make(cos), sin: make(sin) };
  }
}

export function release(cache: readonly LayerCache[], tables?: Tables | null): void {
  for (const { key, value } of cache) {
    key.dispose();
    value.dispose();
  }
  tables?.cos.dispose();
  tables?.sin.dispose();
}
