/**
 * The mutable state of one conversation: the KV cache and the tokens in it. The caller always passes the whole prompt;
 * rows that are already in the cache are reused, the rest is computed in chunks.
 */
import { RoundsError } from '../shared/errors';
import { halfArrayFrom } from '../shared/half';
import type { TextConfig } from '../shared/modelConfig';
import { DECODER_IO } from './graphs/decoder';
import { HostRunner, type DecoderRunner, type DecoderState, type SampleRun } from './decoderRunner';
import { DeviceRunner } from './deviceRunner';
import type { Backend, DeviceTensor, ElementType, EmbeddingTable, GraphSession } from './ports';
import type { PositionIds } from './positions';
import { checkPrompt, chunkFeatures, commonPrefix, type ChunkFeatures, type Prompt } from './promptRows';
import { textRotaryTables } from './rotary';
import { noFiniteLogits } from './sampling';
import { release, TimelineBatch, type LayerCache, type Tables } from './timelineBatch';

export interface RunHooks {
  signal?: AbortSignal;
  onPrefill?: (done: number, total: number) => void;
}

/** The cache grows in steps of this many rows. In a 3B model a row takes 36 KB. */
const SLOT_STEP = 256;

export class Timeline {
  readonly #session: GraphSession;
  readonly #runner: DecoderRunner;
  readonly #backend: Backend;
  readonly #config: TextConfig;
  readonly #chunk: number;
  #cache: LayerCache[] = [];
  #tables: Tables | null = null;
  #slots = 0;
  /** Number of the cache and the tables, which are others after they have grown. */
  #version = 0;
  /** Prompt keys of the rows in the cache. */
  #cachedKeys: string[] = [];
  #positions: PositionIds = [new Int32Array(), new Int32Array(), new Int32Array()];
  #ropeDelta = 0;
  #reused = 0;

  /**
   * @param chunk maximum number of positions in one run; limits how long one submission occupies the GPU
   * @param table the token embedding, if the decoder graph has none. It stays the caller's.
   */
  constructor(
    session: GraphSession,
    backend: Backend,
    config: TextConfig,
    chunk: number,
    table: EmbeddingTable | null = null,
  ) {
    this.#session = session;
    this.#runner = table
      ? new DeviceRunner({ session, backend, config }, table, chunk)
      : new HostRunner({ session, backend, config });
    this.#backend = backend;
    this.#config = config;
    this.#chunk = chunk;
  }

  /** Number of rows in the cache. */
  get length(): number {
    return this.#cachedKeys.length;
  }

  /** Number of rows of the last prompt that were already in the cache. */
  get reused(): number {
    return this.#reused;
  }

  /** Number of allocated rows; grows with the conversation. */
  get slots(): number {
    return this.#slots;
  }

  /** Bytes of the keys, values and rotary angles of one row. */
  get bytesPerSlot(): number {
    const { numHiddenLayers, numKeyValueHeads, headDim } = this.#config;
    const values = 2 * numHiddenLayers * numKeyValueHeads * headDim + headDim;
    return values * (this.#type === 'float16' ? 2 : 4);
  }

  get allocatedBytes(): number {
    return this.#slots * this.bytesPerSlot;
  }

  /** Maximum number of rows: the model's context length. */
  get capacity(): number {
    return this.#config.maxPositionEmbeddings;
  }

  /**
   * Fills the cache with `prompt` and returns the logits [V] after its last token.
   * @throws RoundsError request_invalid, context_overflow, aborted, and errors of the backend
   */
  async prefill(prompt: Prompt, hooks: RunHooks = {}): Promise<Float32Array> {
    // The last token is always computed, because its logits are needed.
    this.#reusePrefix(prompt, prompt.ids.length - 1);
    let logits = new Float32Array();
    for await (const chunk of this.#chunks(prompt, hooks)) {
      logits = (await this.#run(chunk.ids, chunk.features, 'last')) as Float32Array<ArrayBuffer>;
    }
    return logits;
  }

  /**
   * Puts the beginning of a prompt into the cache; a longer one that begins with it stays there.
   * @returns how many of its rows were there @throws RoundsError as prefill does
   */
  async prepare(prompt: Prompt, hooks: RunHooks = {}): Promise<number> {
    const known = commonPrefix(this.#cachedKeys, prompt.keys);
    if (known === prompt.ids.length) return known;
    this.#reusePrefix(prompt, known);
    for await (const { ids, features } of this.#chunks(prompt, hooks)) await this.#run(ids, features, 'last');
    return known;
  }

  /** Logits [tokens × V] after every token of the prompt, without reusing the cache; for teacher-forced measurements. */
  async score(prompt: Prompt, hooks: RunHooks = {}): Promise<Float32Array> {
    this.#reusePrefix(prompt, 0);
    const all = new Float32Array(prompt.ids.length * this.#config.vocabSize);
    for await (const chunk of this.#chunks(prompt, hooks)) {
      all.set(await this.#run(chunk.ids, chunk.features, 'all'), chunk.start * this.#config.vocabSize);
    }
    return all;
  }

  /** Appends one token and returns the logits [V] after it. @throws RoundsError context_overflow */
  async decode(id: number): Promise<Float32Array> {
    if (this.length >= this.capacity) {
      const message = `The conversation fills the model's context of ${this.capacity} tokens. Start a new question.`;
      throw new RoundsError('context_overflow', message);
    }
    if (this.length + 1 > this.#slots) {
      this.#grow(this.length + 1);
      this.#writeTables();
    }
    const logits = await this.#run([id], { rows: null, data: null }, 'last');
    this.#cachedKeys.push(String(id));
    return logits;
  }

  /**
   * How many tokens, at most `wanted`, `sample` can choose after the next one; 0 where tokens are chosen on the host, as
   * in the first steps after the cache has grown.
   */
  aheadOf(wanted: number): number {
    const room = Math.min(this.#slots, this.capacity) - this.length;
    return this.#runner.canSample(this.#version) ? Math.min(wanted, room) : 0;
  }

  /**
   * Appends a token and yields those that the device chooses after it. Each one but the last is appended when the next
   * one is requested, so the cache ends where the caller stops.
   * @throws RoundsError internal if no logit is finite
   */
  async *sample(run: Omit<SampleRun, 'past'>): AsyncGenerator<number> {
    const ids = await this.#runner.sample({ ...run, past: this.length }, this.#state());
    let appended = run.id;
    for (const id of ids) {
      this.#cachedKeys.push(String(appended));
      if (id < 0) throw noFiniteLogits();
      yield id;
      appended = id;
    }
  }

  /** The rows of the cache as the start of several answers, which are decoded at once. */
  fork(lanes: number): TimelineBatch {
    const parts = { session: this.#session, backend: this.#backend, config: this.#config };
    const start = { cache: this.#cache, length: this.length, lanes };
    return new TimelineBatch(parts, start, (slots) => this.#rotaryTables(slots));
  }

  /** Drops all rows after the first `length`, so that another answer can start there from the same logits. */
  rewind(length: number): void {
    if (length > this.length) {
      throw new RoundsError('internal', `Cannot rewind to ${length} rows: the cache has ${this.length}.`);
    }
    this.#cachedKeys.length = length;
  }

  dispose(): void {
    release(this.#cache, this.#tables);
    this.#runner.dispose();
    this.#cache = [];
    this.#tables = null;
    this.#slots = 0;
    this.#cachedKeys = [];
  }

  /** Checks the prompt, reuses at most `limit` of its rows that are in the cache, and grows the cache. */
  #reusePrefix(prompt: Prompt, limit: number): void {
    checkPrompt(prompt, this.capacity);
    this.#cachedKeys.length = Math.min(commonPrefix(this.#cachedKeys, prompt.keys), limit);
    this.#reused = this.#cachedKeys.length;
    this.#positions = prompt.positionIds;
    this.#ropeDelta = prompt.ropeDelta;
    this.#grow(prompt.ids.length + 1);
    this.#writeTables();
  }

  /** Yields the rest of the prompt in chunks. A chunk counts as cached when the next one is requested. */
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
      this.#cachedKeys.push(...prompt.keys.slice(start, end));
    }
    onPrefill?.(total, total);
  }

  /** Runs the decoder on new tokens. Returns logits [V] of the last one, or [tokens × V] of all. */
  #run(ids: number[], features: ChunkFeatures, logitsAt: 'last' | 'all'): Promise<Float32Array> {
    return this.#runner.run({ ids, features, past: this.length, logitsAt }, this.#state());
  }

  #state(): DecoderState {
    const kept: Record<string, DeviceTensor> = {};
    const into: Record<string, DeviceTensor> = {};
    if (this.#tables) {
      kept[DECODER_IO.cos] = this.#tables.cos;
      kept[DECODER_IO.sin] = this.#tables.sin;
    }
    this.#cache.forEach(({ key, value }, layer) => {
      kept[DECODER_IO.pastKey(layer)] = key;
      kept[DECODER_IO.pastValue(layer)] = value;
      into[DECODER_IO.presentKey(layer)] = key;
      into[DECODER_IO.presentValue(layer)] = value;
    });
    return { kept, into, version: this.#version };
  }

  get #type(): ElementType & ('float16' | 'float32') {
    return this.#backend.activations === 'f16' ? 'float16' : 'float32';
  }

  /** Grows the cache to at least `rows`, preserving its content. Doubling limits the number of copies. */
  #grow(rows: number): void {
    if (rows <= this.#slots) return;
    const needed = Math.max(rows + SLOT_STEP / 2, this.#cachedKeys.length > 0 ? this.#slots * 2 : 0);
    const slots = Math.min(Math.ceil(needed / SLOT_STEP) * SLOT_STEP, this.capacity);
    const { numHiddenLayers, numKeyValueHeads, headDim } = this.#config;
    const dims = [1, numKeyValueHeads, slots, headDim];
    const previous = this.#cache;
    this.#cache = Array.from({ length: numHiddenLayers }, () => ({
      key: this.#backend.allocate(this.#type, dims),
      value: this.#backend.allocate(this.#type, dims),
    }));
    if (this.#cachedKeys.length > 0) {
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
    this.#version++;
    release(previous, tables);
  }

  /** Row r has the angles of the token in slot r. After the prompt, its position is r + ropeDelta on every axis. */
  #writeTables(): void {
    if (!this.#tables) return;
    const tables = this.#rotaryTables(this.#slots);
    const convert = (values: Float32Array) => (this.#type === 'float16' ? halfArrayFrom(values) : values);
    for (const axis of ['cos', 'sin'] as const)
      this.#backend.write(this.#tables[axis], convert(tables[axis]));
  }

  #rotaryTables(slots: number): { cos: Float32Array; sin: Float32Array } {
    const filled = this.#positions.map((axis) =>
      Int32Array.from({ length: slots }, (_, slot) => axis[slot] ?? slot + this.#ropeDelta),
    ) as PositionIds;
    return textRotaryTables(filled, this.#config);
  }
}
