/** Runs the vision graph, one image at a time, and caches the features of the most recent images. */
import { RoundsError } from '../shared/errors';
import type { VisionConfig } from '../shared/modelConfig';
import { hasFullBlocks, hasWindowBlocks, VISION_IO, windowPatches } from './graphs/vision';
import type { Backend, DeviceTensor, GraphSession, TensorData } from './ports';
import type { Patches } from './preprocess/patchify';
import { visionRotaryTables } from './rotary';
import { visionWindows } from './visionWindows';

/** Features of one image: [tokens, hidden] in the activation type, raster order of merged tokens. */
export interface ImageFeatures {
  data: TensorData;
  tokens: number;
}

/** Most bytes of features that are kept; those of the last image are kept in any case. One of 448² takes 2 MB in a 3B model. */
export const FEATURE_BYTES = 256 * 2 ** 20;
/** Attention bias of masked keys: exp() of it is 0 in float32, and sums with it remain finite. */
const MASKED = -1e9;

/** Makes the vision graph's sessions. */
export interface VisionSessions {
  /** Parts of full attention's queries for an image of so many patches. */
  parts(patches: number): number;
  /** A session whose graph has so many parts. @throws RoundsError as Backend.createSession does */
  open(parts: number): Promise<GraphSession>;
}

export class VisionEncoder {
  readonly #sessions: VisionSessions;
  readonly #backend: Backend;
  readonly #config: VisionConfig;
  readonly #featureBytes: number;
  /** Null after it could not be made again. */
  #session: GraphSession | null;
  #parts: number;
  /** The least recently used first. */
  readonly #cache = new Map<string, ImageFeatures>();
  #bytes = 0;
  #runs = 0;

  /** @param session of `sessions.open(sessions.parts(0))` */
  constructor(
    session: GraphSession,
    sessions: VisionSessions,
    backend: Backend,
    config: VisionConfig,
    featureBytes = FEATURE_BYTES,
  ) {
    this.#session = session;
    this.#sessions = sessions;
    this.#parts = sessions.parts(0);
    this.#backend = backend;
    this.#config = config;
    this.#featureBytes = featureBytes;
  }

  /** How many images were encoded so far. */
  get runs(): number {
    return this.#runs;
  }

  /** Features of an image that was encoded before; null if they are gone. */
  cached(key: string): ImageFeatures | null {
    const features = this.#cache.get(key);
    if (!features) return null;
    this.#cache.delete(key);
    this.#cache.set(key, features);
    return features;
  }

  /** Forgets all features. */
  forget(): void {
    this.#cache.clear();
    this.#bytes = 0;
  }

  /**
   * @param key identifies the resized pixels; equal keys share cached features
   * @throws RoundsError device_lost, out_of_memory, internal
   */
  async encode(key: string, patches: Patches): Promise<ImageFeatures> {
    const cached = this.cached(key);
    if (cached) return cached;
    this.#runs++;
    const session = await this.#sessionFor(patches.rows);
    const feeds = this.#feeds(patches);
    const outputs = await session.run(feeds);
    const output = outputs[VISION_IO.features];
    if (!output) throw new RoundsError('internal', 'The vision graph returned no features.');
    const features = { data: await this.#backend.read(output), tokens: output.dims[1] ?? 0 };
    [...Object.values(feeds), ...Object.values(outputs)].forEach((tensor) => tensor.dispose());
    this.#addToCache(key, features);
    return features;
  }

  async dispose(): Promise<void> {
    this.forget();
    await this.#session?.dispose();
  }

  /** Large images need a graph with more parts. It replaces the other one, because both would hold the weights. */
  async #sessionFor(patches: number): Promise<GraphSession> {
    const parts = Math.max(this.#sessions.parts(patches), this.#parts);
    if (this.#session && parts === this.#parts) return this.#session;
    await this.#session?.dispose();
    this.#session = null;
    this.#parts = parts;
    this.#session = await this.#sessions.open(parts);
    return this.#session;
  }

  #addToCache(key: string, features: ImageFeatures): void {
    this.#cache.set(key, features);
    this.#bytes += features.data.byteLength;
    for (const [oldest, { data }] of this.#cache) {
      if (this.#bytes <= this.#featureBytes || oldest === key) return;
      this.#cache.delete(oldest);
      this.#bytes -= data.byteLength;
    }
  }

  #feeds(patches: Patches): Record<string, DeviceTensor> {
    const { spatialMergeSize: merge, windowSize } = this.#config;
    const headDim = this.#config.hiddenSize / this.#config.numHeads;
    const group = merge * merge;
    const rotary = visionRotaryTables(patches.gridThw, merge, headDim);
    const float = (data: Float32Array, dims: number[]) => this.#backend.upload('float32', data, dims);
    const queries: Record<string, DeviceTensor> =
      this.#parts > 1 ? { [VISION_IO.queryRows]: this.#indices(queryRows(patches.rows, this.#parts)) } : {};
    if (windowSize === null) {
      return {
        ...queries,
        [VISION_IO.pixelValues]: float(patches.data, [patches.rows, patches.columns]),
        [VISION_IO.cos]: float(rotary.cos, [rotary.rows, rotary.pairs]),
        [VISION_IO.sin]: float(rotary.sin, [rotary.rows, rotary.pairs]),
      };
    }
    const { windowIndex, reverseIndex, cuWindowSeqlens } = visionWindows([patches.gridThw], this.#config);
    const order = rowOrder(windowIndex, group);
    const pixels = gatherRows(patches.data, order, patches.columns);
    const cos = gatherRows(rotary.cos, order, rotary.pairs);
    const sin = gatherRows(rotary.sin, order, rotary.pairs);
    const feeds: Record<string, DeviceTensor> = {
      [VISION_IO.pixelValues]: float(pixels, [patches.rows, patches.columns]),
      [VISION_IO.reverseIndex]: this.#indices(reverseIndex),
    };
    if (hasFullBlocks(this.#config)) {
      Object.assign(feeds, queries);
      feeds[VISION_IO.cos] = float(cos, [rotary.rows, rotary.pairs]);
      feeds[VISION_IO.sin] = float(sin, [rotary.rows, rotary.pairs]);
    }
    if (hasWindowBlocks(this.#config)) {
      Object.assign(feeds, this.#windowFeeds(cuWindowSeqlens, { cos, sin, pairs: rotary.pairs }));
    }
    return feeds;
  }

  #windowFeeds(
    bounds: Int32Array,
    rotary: { cos: Float32Array; sin: Float32Array; pairs: number },
  ): Record<string, DeviceTensor> {
    const layout = padWindows(bounds, windowPatches(this.#config));
    const dims = [layout.rows.length, rotary.pairs];
    const { windows, size } = layout;
    return {
      [VISION_IO.windowRows]: this.#indices(layout.rows),
      [VISION_IO.windowPositions]: this.#indices(layout.positions),
      [VISION_IO.windowBias]: this.#backend.upload('float32', layout.bias, [windows, 1, size, size]),
      [VISION_IO.windowCos]: this.#backend.upload(
        'float32',
        gatherRows(rotary.cos, layout.rows, rotary.pairs),
        dims,
      ),
      [VISION_IO.windowSin]: this.#backend.upload(
        'float32',
        gatherRows(rotary.sin, layout.rows, rotary.pairs),
        dims,
      ),
    };
  }

  #indices(values: Int32Array): DeviceTensor {
    return this.#backend.upload('int64', BigInt64Array.from(values, BigInt), [values.length]);
  }
}

/** Query rows of full attention, padded to a multiple of `parts` by repeating the last row. */
export function queryRows(patches: number, parts: number): Int32Array {
  const length = Math.ceil(patches / parts) * parts;
  return Int32Array.from({ length }, (_, i) => Math.min(i, patches - 1));
}

/** Patch rows in window order. Each merged token has `group` consecutive patches. */
function rowOrder(windowIndex: Int32Array, group: number): Int32Array {
  const order = new Int32Array(windowIndex.length * group);
  windowIndex.forEach((token, i) => {
    for (let k = 0; k < group; k++) order[i * group + k] = token * group + k;
  });
  return order;
}

function gatherRows(source: Float32Array, rows: Int32Array, width: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(rows.length * width);
  rows.forEach((row, i) => result.set(source.subarray(row * width, (row + 1) * width), i * width));
  return result;
}

export interface WindowLayout {
  /** [windows × size]: the row at each padded position; padding repeats the window's first row. */
  rows: Int32Array;
  /** [patches]: the padded position of each row. */
  positions: Int32Array;
  /** [windows, 1, size, size]: 0 for real keys, a large negative number for padding. */
  bias: Float32Array<ArrayBuffer>;
  windows: number;
  size: number;
}

/** Pads the windows given by `bounds` (cu_window_seqlens) to `size` patches each. */
export function padWindows(bounds: Int32Array, size: number): WindowLayout {
  const windows = bounds.length - 1;
  const rows = new Int32Array(windows * size);
  const positions = new Int32Array(bounds[windows] ?? 0);
  const bias = new Float32Array(windows * size * size);
  for (let window = 0; window < windows; window++) {
    const start = bounds[window] ?? 0;
    const length = (bounds[window + 1] ?? 0) - start;
    for (let i = 0; i < size; i++) {
      rows[window * size + i] = i < length ? start + i : start;
      if (i < length) positions[start + i] = window * size + i;
    }
    for (let query = 0; query < size; query++) {
      const at = (window * size + query) * size;
      bias.fill(MASKED, at + length, at + size);
    }
  }
  return { rows, positions, bias, windows, size };
}
