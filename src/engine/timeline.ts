/**
 * One conversation's mutable state: the KV cache and what stands in it. The caller always gives the whole
 * prompt; rows that the cache already holds are kept, the rest is computed in chunks.
 */
import { RoundsError } from '../shared/errors';
import { halfArrayFrom } from '../shared/half';
import type { TextConfig } from '../shared/modelConfig';
import { DECODER_IO } from './graphs/decoder';
import type { Backend, DeviceTensor, ElementType, GraphSession } from './ports';
import type { PositionIds } from './positions';
import { chunkFeatures, type ChunkFeatures, type Prompt } from './promptRows';
import { textRotaryTables } from './rotary';

export interface RunHooks {
  signal?: AbortSignal;
  onPrefill?: (done: number, total: number) => void;
}

/** Room is made in steps of this many rows; a row costs 36 KB in a 3B model. */
const SLOT_STEP = 256;

export class Timeline {
  readonly #session: GraphSession;
  readonly #backend: Backend;
  readonly #config: TextConfig;
  readonly #chunk: number;
  #cache: { key: DeviceTensor; value: DeviceTensor }[] = [];
  #tables: { cos: DeviceTensor; sin: DeviceTensor } | null = null;
  #slots = 0;
  /** Keys of the rows in the cache. */
  #held: string[] = [];
  #positions: PositionIds = [new Int32Array(), new Int32Array(), new Int32Array()];
  #ropeDelta = 0;
  #reused = 0;

  /** `chunk`: most positions in one run; bounds the time that one submission keeps the GPU. */
  constructor(session: GraphSession, backend: Backend, config: TextConfig, chunk: number) {
    this.#session = session;
    this.#backend = backend;
    this.#config = config;
    this.#chunk = chunk;
  }

  /** Rows in the cache. */
  get length(): number {
    return this.#held.length;
  }

  /** Rows of the last prompt that the cache held already. */
  get reused(): number {
    return this.#reused;
  }

  /** Rows that the cache has room for as it is now; it grows with the conversation. */
  get slots(): number {
    return this.#slots;
  }

  /** Keys, values and rotary angles of one row, in bytes. */
  get bytesPerSlot(): number {
    const { numHiddenLayers, numKeyValueHeads, headDim } = this.#config;
    const values = 2 * numHiddenLayers * numKeyValueHeads * headDim + headDim;
    return values * (this.#type === 'float16' ? 2 : 4);
  }

  get allocatedBytes(): number {
    return this.#slots * this.bytesPerSlot;
  }

  /** Most rows that the model was made for. */
  get capacity(): number {
    return this.#config.maxPositionEmbeddings;
  }

  /**
   * Brings the cache to `prompt` and returns the logits [V] after its last token.
   * @throws RoundsError context_overflow, aborted, and what the backend throws
   */
  async prefill(prompt: Prompt, hooks: RunHooks = {}): Promise<Float32Array> {
    // The last token is always run again: its logits are wanted.
    this.#keepPrefix(prompt, prompt.ids.length - 1);
    let logits = new Float32Array();
    for await (const chunk of this.#chunks(prompt, hooks)) {
      logits = (await this.#run(chunk.ids, chunk.features, 'last')) as Float32Array<ArrayBuffer>;
    }
    return logits;
  }

  /** Logits [tokens × V] after every token of the prompt, computed anew: what teacher-forced measures need. */
  async score(prompt: Prompt, hooks: RunHooks = {}): Promise<Float32Array> {
    this.#keepPrefix(prompt, 0);
    const all = new Float32Array(prompt.ids.length * this.#config.vocabSize);
    for await (const chunk of this.#chunks(prompt, hooks)) {
      all.set(await this.#run(chunk.ids, chunk.features, 'all'), chunk.start * this.#config.vocabSize);
    }
    return all;
  }

  /** Appends one token and returns the logits [V] after it. @throws RoundsError context_overflow */
  async decode(id: number): Promise<Float32Array> {
    if (this.length >= this.capacity) {
      throw new RoundsError(
        'context_overflow',
        `The conversation fills the model's ${this.capacity} tokens.`,
      );
    }
    if (this.length + 1 > this.#slots) {
      this.#makeRoom(this.length + 1);
      this.#writeTables();
    }
    const logits = await this.#run([id], { rows: null, data: null }, 'last');
    this.#held.push(String(id));
    return logits;
  }

  /** Forgets the rows behind the first `length`: another answer can begin there from the same logits. */
  rewind(length: number): void {
    if (length > this.length) throw new RoundsError('internal', `There are no ${length} rows to go back to.`);
    this.#held.length = length;
  }

  dispose(): void {
    this.#release(this.#cache, this.#tables);
    this.#cache = [];
    this.#tables = null;
    this.#slots = 0;
    this.#held = [];
  }

  /** Checks the prompt, keeps at most `limit` rows of what the cache already holds of it, and makes room. */
  #keepPrefix(prompt: Prompt, limit: number): void {
    const total = prompt.ids.length;
    if (total === 0) throw new RoundsError('request_invalid', 'The prompt is empty.');
    if (total > this.capacity) {
      const message = `The prompt takes ${total} tokens, the model can hold ${this.capacity}. Use smaller or fewer images.`;
      throw new RoundsError('context_overflow', message);
    }
    this.#held.length = Math.min(commonPrefix(this.#held, prompt.keys), limit);
    this.#reused = this.#held.length;
    this.#positions = prompt.positionIds;
    this.#ropeDelta = prompt.ropeDelta;
    this.#makeRoom(total + 1);
    this.#writeTables();
  }

  /** What the cache lacks of the prompt, piece by piece; a piece counts as held once the next is asked for. */
  async *#chunks(
    prompt: Prompt,
    { signal, onPrefill }: RunHooks,
  ): AsyncGenerator<{ ids: number[]; features: ChunkFeatures; start: number }> {
    const total = prompt.ids.length;
    while (this.length < total) {
      const start = this.length;
      if (signal?.aborted) throw new RoundsError('aborted', 'Stopped.');
      onPrefill?.(start, total);
      const end = Math.min(start + this.#chunk, total);
      yield {
        ids: prompt.ids.slice(start, end),
        features: chunkFeatures(prompt, start, end, this.#config.hiddenSize),
        start,
      };
      this.#held.push(...prompt.keys.slice(start, end));
    }
    onPrefill?.(total, total);
  }

  async #run(ids: number[], features: ChunkFeatures, wanted: 'last' | 'all'): Promise<Float32Array> {
    const past = this.length;
    const feeds = this.#feeds(ids, features, past, wanted);
    const into: Record<string, DeviceTensor> = {};
    const cached: Record<string, DeviceTensor> = {};
    if (this.#tables) {
      cached[DECODER_IO.cos] = this.#tables.cos;
      cached[DECODER_IO.sin] = this.#tables.sin;
    }
    this.#cache.forEach(({ key, value }, layer) => {
      cached[DECODER_IO.pastKey(layer)] = key;
      cached[DECODER_IO.pastValue(layer)] = value;
      into[DECODER_IO.presentKey(layer)] = key;
      into[DECODER_IO.presentValue(layer)] = value;
    });
    const outputs = await this.#session.run({ ...feeds, ...cached }, into);
    const logits = outputs[DECODER_IO.logits];
    if (!logits) throw new RoundsError('internal', 'The decoder gave no logits.');
    const values = (await this.#backend.read(logits)) as Float32Array;
    Object.values(feeds).forEach((tensor) => tensor.dispose());
    Object.values(outputs).forEach((tensor) => tensor.dispose());
    return values;
  }

  #feeds(
    ids: number[],
    features: ChunkFeatures,
    past: number,
    wanted: 'last' | 'all',
  ): Record<string, DeviceTensor> {
    const positions = wanted === 'last' ? [ids.length - 1] : ids.map((_, i) => i);
    const { hiddenSize } = this.#config;
    const count = ids.length;
    const rows = features.data ? features.data.length / hiddenSize : 1;
    const data =
      features.data ??
      (this.#type === 'float16' ? new Uint16Array(hiddenSize) : new Float32Array(hiddenSize));
    const rowIndex = BigInt64Array.from(ids, (_, i) => BigInt(features.rows?.[i] ?? i));
    const backend = this.#backend;
    return {
      [DECODER_IO.inputIds]: backend.upload('int64', BigInt64Array.from(ids, BigInt), [1, count]),
      [DECODER_IO.imageFeatures]: backend.upload(this.#type, data, [1, rows, hiddenSize]),
      [DECODER_IO.rowIndex]: backend.upload('int64', rowIndex, [count]),
      [DECODER_IO.seqlensK]: backend.upload('int32', Int32Array.of(past + count - 1), [1]),
      [DECODER_IO.totalLength]: backend.upload('int32', Int32Array.of(past + count), [1]),
      [DECODER_IO.logitsIndex]: backend.upload('int64', BigInt64Array.from(positions, BigInt), [
        positions.length,
      ]),
    };
  }

  get #type(): ElementType & ('float16' | 'float32') {
    return this.#backend.activations === 'f16' ? 'float16' : 'float32';
  }

  /** Grows the cache to hold at least `rows`, keeping what is in it. Doubling keeps the copies few. */
  #makeRoom(rows: number): void {
    if (rows <= this.#slots) return;
    const wanted = Math.max(rows + SLOT_STEP / 2, this.#held.length > 0 ? this.#slots * 2 : 0);
    const slots = Math.min(Math.ceil(wanted / SLOT_STEP) * SLOT_STEP, this.capacity);
    const { numHiddenLayers, numKeyValueHeads, headDim } = this.#config;
    const dims = [1, numKeyValueHeads, slots, headDim];
    const previous = this.#cache;
    this.#cache = Array.from({ length: numHiddenLayers }, () => ({
      key: this.#backend.allocate(this.#type, dims),
      value: this.#backend.allocate(this.#type, dims),
    }));
    if (this.#held.length > 0) {
      previous.forEach((layer, i) => {
        const grown = this.#cache[i];
        if (!grown) return;
        this.#backend.copyRows(layer.key, grown.key);
        this.#backend.copyRows(layer.value, grown.value);
      });
    }
    const tableDims = [slots, headDim / 2];
    const tables = this.#tables;
    this.#tables = {
      cos: this.#backend.allocate(this.#type, tableDims),
      sin: this.#backend.allocate(this.#type, tableDims),
    };
    this.#slots = slots;
    this.#release(previous, tables);
  }

  /** Row r: the angles of the token in slot r; slots after the prompt are at r + ropeDelta on every axis. */
  #writeTables(): void {
    if (!this.#tables) return;
    const filled = this.#positions.map((axis) =>
      Int32Array.from({ length: this.#slots }, (_, slot) => axis[slot] ?? slot + this.#ropeDelta),
    ) as PositionIds;
    const { cos, sin } = textRotaryTables(filled, this.#config);
    const convert = (values: Float32Array) => (this.#type === 'float16' ? halfArrayFrom(values) : values);
    this.#backend.write(this.#tables.cos, convert(cos));
    this.#backend.write(this.#tables.sin, convert(sin));
  }

  #release(
    cache: { key: DeviceTensor; value: DeviceTensor }[],
    tables: { cos: DeviceTensor; sin: DeviceTensor } | null,
  ): void {
    cache.forEach(({ key, value }) => {
      key.dispose();
      value.dispose();
    });
    tables?.cos.dispose();
    tables?.sin.dispose();
  }
}

function commonPrefix(held: string[], wanted: string[]): number {
  let length = 0;
  while (length < held.length && length < wanted.length && held[length] === wanted[length]) length++;
  return length;
}
