/** Measures the steps of a loaded model one by one, within a given time. Nothing is generated: the steps get random ids. */
import type { ShapeReport, ShapeRow, SkipReason } from '../shared/shapeReport';
import type { ShapePlan } from '../shared/shapes';
import { RoundsError } from '../shared/errors';
import { headFeeds } from './deviceRunner';
import { DECODER_IO } from './graphs/decoder';
import { patchColumns, type EngineModel } from './model';
import type { Backend, Clock, DeviceTensor, ElementType, TensorData } from './ports';

export interface ShapeHooks {
  signal: AbortSignal;
  clock: Clock;
  /** When all must be done, by the clock. */
  deadlineMs: number;
  onProgress: (done: number, total: number) => void;
}

const WARM_UPS = 1;
/** A step is not repeated more often. */
const MAX_RUNS = 10;
/** Rows of a cache beyond the context. */
const SPARE_ROWS = 64;
const COPIES = 16;

/** @throws RoundsError aborted, device_lost, out_of_memory, internal */
export async function measureShape(
  model: EngineModel,
  plan: ShapePlan,
  hooks: ShapeHooks,
): Promise<Pick<ShapeReport, 'copyBandwidth' | 'rows'>> {
  return new ShapeBench(model, plan, hooks).run();
}

class ShapeBench {
  readonly #model: EngineModel;
  readonly #plan: ShapePlan;
  readonly #hooks: ShapeHooks;
  /** Makes each image and prompt a new one. */
  #next = 0;

  constructor(model: EngineModel, plan: ShapePlan, hooks: ShapeHooks) {
    this.#model = model;
    this.#plan = plan;
    this.#hooks = hooks;
  }

  async run(): Promise<Pick<ShapeReport, 'copyBandwidth' | 'rows'>> {
    const plan = this.#plan;
    const copyBandwidth = await this.#copyBandwidth(plan.copyBytes);
    const rows = rowsOf(plan);
    const took = new Map<ShapeRow['kind'], { ms: number; size: number }>();
    for (const [index, row] of rows.entries()) {
      const { signal, clock, deadlineMs, onProgress } = this.#hooks;
      onProgress(index, rows.length);
      if (signal.aborted) throw new RoundsError('aborted', 'Stopped.');
      const last = took.get(row.kind);
      // Vision and prefill grow with their size at least in proportion; attention faster.
      const grows =
        row.kind === 'vision'
          ? (row.size / (last?.size ?? row.size)) ** 2.5
          : row.size / (last?.size ?? row.size);
      const expected = last ? last.ms * Math.max(1, grows) : 0;
      const why = this.#skips(row, plan, deadlineMs - clock() - expected * (WARM_UPS + 1));
      if (why) row.why = why;
      else {
        row.ms = await this.#measure(row);
        took.set(row.kind, { ms: row.ms, size: row.size });
      }
    }
    this.#hooks.onProgress(rows.length, rows.length);
    return { copyBandwidth, rows: rows.sort((a, b) => order(a) - order(b)) };
  }

  #skips({ kind, lanes, size }: ShapeRow, { maxCacheBytes }: ShapePlan, leftMs: number): SkipReason | null {
    if (leftMs < 0) return 'time';
    const rows = size + SPARE_ROWS;
    return kind === 'decode' && lanes * rows * this.#model.timeline.bytesPerSlot > maxCacheBytes
      ? 'memory'
      : null;
  }

  #measure({ kind, lanes, size }: ShapeRow): Promise<number> {
    switch (kind) {
      case 'decode':
        return this.#decode(lanes, size);
      case 'prefill':
        return this.#median(() => this.#prefill(size));
      case 'vision':
        return this.#median(() => this.#encode(size));
    }
  }

  /** Bytes per second, read and written bytes counted both. */
  async #copyBandwidth(bytes: number): Promise<number | null> {
    const { backend } = this.#model;
    if (!backend.finished) return null;
    const type = elementOf(backend);
    const width = 1024;
    const dims = [1, 1, bytes / width / (type === 'float16' ? 2 : 4), width];
    const [from, to] = [backend.allocate(type, dims), backend.allocate(type, dims)];
    try {
      const ms = await this.#median(async () => {
        for (let i = 0; i < COPIES; i++) backend.copyRows(from, to);
        await backend.finished?.();
      });
      return (2 * COPIES * bytes) / (ms / 1000);
    } finally {
      from.dispose();
      to.dispose();
    }
  }

  async #decode(lanes: number, context: number): Promise<number> {
    const { backend, decoder, table, config } = this.#model;
    const { numHiddenLayers, numKeyValueHeads, headDim } = config.text;
    const type = elementOf(backend);
    const slots = context + SPARE_ROWS;
    const kept: Record<string, DeviceTensor> = {};
    const head = table ? headFeeds(table) : {};
    const into: Record<string, DeviceTensor> = {};
    for (const name of [DECODER_IO.cos, DECODER_IO.sin])
      kept[name] = backend.allocate(type, [slots, headDim / 2]);
    for (let layer = 0; layer < numHiddenLayers; layer++) {
      for (const [past, present] of [
        [DECODER_IO.pastKey(layer), DECODER_IO.presentKey(layer)],
        [DECODER_IO.pastValue(layer), DECODER_IO.presentValue(layer)],
      ] as const) {
        const cache = backend.allocate(type, [lanes, numKeyValueHeads, slots, headDim]);
        kept[past] = into[present] = cache;
      }
    }
    try {
      return await this.#median(async () => {
        const feeds = decodeFeeds(this.#model, lanes, context);
        const outputs = await decoder.run({ ...feeds, ...head, ...kept }, into);
        for (const output of Object.values(outputs)) await backend.read(output);
        [...Object.values(feeds), ...Object.values(outputs)].forEach((tensor) => tensor.dispose());
      });
    } finally {
      Object.values(kept).forEach((tensor) => tensor.dispose());
    }
  }

  async #prefill(tokens: number): Promise<void> {
    const { timeline, config } = this.#model;
    const run = this.#next++;
    const positions = Int32Array.from({ length: tokens }, (_, i) => i);
    await timeline.prefill({
      ids: Array.from({ length: tokens }, (_, i) => (i * 31 + run) % config.text.vocabSize),
      // Another first key each time, so that nothing is reused.
      keys: Array.from({ length: tokens }, (_, i) => `measured ${run} ${i}`),
      positionIds: [positions, positions, positions],
      ropeDelta: 0,
      featureRows: new Int32Array(tokens).fill(-1),
      features: new Float32Array(),
    });
  }

  async #encode(side: number): Promise<void> {
    const { vision, config, pack } = this.#model;
    const patches = Math.round(side / config.vision.patchSize);
    const [rows, columns] = [patches * patches, patchColumns(pack) ?? 0];
    const data = new Float32Array(rows * columns).fill(0.1);
    await vision.encode(`measured ${this.#next++}`, { data, rows, columns, gridThw: [1, patches, patches] });
  }

  /** Milliseconds of a run. */
  async #median(run: () => Promise<void>): Promise<number> {
    const { clock, signal, deadlineMs } = this.#hooks;
    const times: number[] = [];
    let spent = 0;
    for (let i = 0; i < WARM_UPS + MAX_RUNS; i++) {
      const start = clock();
      await run();
      const ms = clock() - start;
      if (signal.aborted) throw new RoundsError('aborted', 'Stopped.');
      if (i < WARM_UPS && clock() + ms < deadlineMs) continue;
      times.push(ms);
      spent += ms;
      if (spent > this.#plan.repeatMs) break;
    }
    return times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
  }
}

/** In the order of their importance: what comes last is left out if time is short. */
function rowsOf({ contexts, lanes, prefills, images }: ShapePlan): ShapeRow[] {
  const row = (kind: ShapeRow['kind'], size: number, count = 1): ShapeRow => ({
    kind,
    lanes: count,
    size,
    ms: null,
  });
  const [smallest, ...larger] = images;
  const [one, ...more] = lanes;
  return [
    ...contexts.map((context) => row('decode', context, one)),
    ...prefills.map((tokens) => row('prefill', tokens)),
    ...(smallest === undefined ? [] : [row('vision', smallest)]),
    ...more.flatMap((count) => contexts.map((context) => row('decode', context, count))),
    ...larger.map((side) => row('vision', side)),
  ];
}

function order({ kind, lanes, size }: ShapeRow): number {
  return ['decode', 'prefill', 'vision'].indexOf(kind) * 1e9 + lanes * 1e6 + size;
}

function elementOf({ activations }: Backend): 'float16' | 'float32' {
  return activations === 'f16' ? 'float16' : 'float32';
}

/** The inputs of a step but for cache and tables; to be disposed after it. */
function decodeFeeds(
  { backend, decoder, table, config: { text } }: EngineModel,
  lanes: number,
  context: number,
): Record<string, DeviceTensor> {
  // A session whose runs can be captured takes inputs on the device only.
  const place = (type: ElementType, data: TensorData, dims: readonly number[]): DeviceTensor => {
    if (!decoder.captures) return backend.upload(type, data, dims);
    const tensor = backend.allocate(type, dims);
    backend.write(tensor, data);
    return tensor;
  };
  const type = elementOf(backend);
  const count = lanes * text.hiddenSize;
  const rows = type === 'float16' ? new Uint16Array(count) : new Float32Array(count);
  const ids = BigInt64Array.from({ length: lanes }, (_, lane) => BigInt((lane * 31 + 7) % text.vocabSize));
  const tokens: Record<string, DeviceTensor> = table
    ? { [DECODER_IO.embeddings]: place(type, rows, [lanes, 1, text.hiddenSize]) }
    : {
        [DECODER_IO.inputIds]: place('int64', ids, [lanes, 1]),
        [DECODER_IO.imageFeatures]: place(type, rows, [lanes, 1, text.hiddenSize]),
        [DECODER_IO.rowIndex]: place('int64', BigInt64Array.of(0n), [1]),
      };
  return {
    ...tokens,
    [DECODER_IO.seqlensK]: place('int32', new Int32Array(lanes).fill(context), [lanes]),
    [DECODER_IO.totalLength]: place('int32', Int32Array.of(context + 1), [1]),
    [DECODER_IO.logitsIndex]: place('int64', BigInt64Array.of(0n), [1]),
  };
}
