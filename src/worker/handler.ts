/**
 * Answers the page's requests, each with exactly one reply. Calls run one after another, except `cancel`, which only aborts a
 * signal, and a `probe` without allocation, which needs no model. Work ahead of a question (`prepare`) gives way to every other
 * call: it ends after its current step, and what it has finished is there for the next call.
 */
import { RoundsError } from '../shared/errors';
import type { GenerateParams, GenerateResult, RolloutsResult } from '../shared/generation';
import type {
  DecodedPixels,
  DeviceProbe,
  EngineCallName,
  EngineCalls,
  FromWorker,
  LoadParams,
  ModelInfo,
  PackLocation,
  Request,
  PrepareResult,
  Update,
} from '../shared/protocol';
import type { ShapeReport } from '../shared/shapeReport';
import { generate, type DecodedImages } from '../engine/generate';
import { needsPixels } from '../engine/images';
import { memoryUse } from '../engine/memory';
import type { EngineModel } from '../engine/model';
import { prepareAhead } from '../engine/prepare';
import { rollOut } from '../engine/rollouts';
import type { AdapterSummary } from '../runtime/device';
import { serialQueue } from '../runtime/ort/serialQueue';
import { startEarly, type EarlyPorts } from './earlyStart';
import { loadOnDevice } from './loadOnDevice';
import { measureOnDevice } from './measureOnDevice';
import { PixelPool } from './pixelPool';
import type { LoadedPack } from '../runtime/storage/packLoader';

/** Dependencies outside the engine; tests pass their own. */
export interface HandlerPorts extends EarlyPorts {
  loadPack(
    location: PackLocation,
    hooks: {
      signal: AbortSignal;
      onProgress: (stage: 'manifest' | 'download' | 'verify', done: number, total: number) => void;
      onManifest?: (pack: { packHash: string; parameters: number }) => void;
    },
  ): Promise<LoadedPack>;
  loadTokenizer: typeof import('../runtime/tokenizer').loadTokenizer;
  probeDevice(adapter: AdapterSummary | null, allocateBytes: number): Promise<DeviceProbe>;
  /** Replaces an error by one that says more. */
  explain?(error: RoundsError): RoundsError;
}

interface CallContext {
  signal: AbortSignal;
  update: (update: Update) => void;
}

export class RequestHandler {
  readonly #ports: HandlerPorts;
  readonly #post: (message: FromWorker, transfer?: Transferable[]) => void;
  readonly #aborts = new Map<number, AbortController>();
  /** Those of `prepare`. */
  readonly #ahead = new Set<AbortController>();
  readonly #pixels = new PixelPool();
  readonly #enqueue = serialQueue();
  #model: EngineModel | null = null;

  constructor(ports: HandlerPorts, post: (message: FromWorker, transfer?: Transferable[]) => void) {
    this.#ports = ports;
    this.#post = post;
  }

  get isBusy(): boolean {
    return this.#aborts.size > 0;
  }

  handle(request: Request): void {
    if (request.call === 'cancel') {
      this.#aborts.get(request.id)?.abort();
      return;
    }
    const abort = new AbortController();
    this.#aborts.set(request.id, abort);
    const context: CallContext = {
      signal: abort.signal,
      update: (update) => this.#post({ type: 'update', id: request.id, update }),
    };
    if (isImmediate(request)) return void this.#answer(request, context);
    for (const earlier of this.#ahead) earlier.abort();
    if (request.call === 'prepare') this.#ahead.add(abort);
    // Before its turn: if the call is ended before that, the next one finds them.
    if ('decoded' in request.params) this.#pixels.add(request.params.decoded.images);
    void this.#enqueue(() => this.#answer(request, context)).then(() => this.#ahead.delete(abort));
  }

  async #answer(request: Exclude<Request, { call: 'cancel' }>, context: CallContext): Promise<void> {
    try {
      if (context.signal.aborted) throw new RoundsError('aborted', 'Stopped before it started.');
      const needed = this.#neededImages(request);
      if (needed.length > 0) return this.#post({ type: 'needed', id: request.id, images: needed });
      const result = await this.#dispatch(request, context);
      this.#post({ type: 'result', id: request.id, result }, transferables(result));
    } catch (thrown) {
      const found = RoundsError.from(thrown);
      const error = this.#ports.explain?.(found) ?? found;
      this.#post({ type: 'error', id: request.id, error: error.toWire() });
      if (this.#losesModel(error)) await this.#drop(error);
    } finally {
      this.#aborts.delete(request.id);
    }
  }

  /** After any error of the GPU its numbers can't be trusted, and each further question would fail. */
  #losesModel({ code }: RoundsError): boolean {
    return code === 'device_lost' || code === 'out_of_memory' || Boolean(this.#model?.backend.failure);
  }

  #dispatch(
    request: Exclude<Request, { call: 'cancel' }>,
    context: CallContext,
  ): Promise<EngineCalls[EngineCallName][1]> {
    switch (request.call) {
      case 'load':
        return this.#load(request.params, context);
      case 'prepare':
        return this.#prepare(request.params, context);
      case 'generate':
        return this.#generate(request.params, context);
      case 'rollouts':
        return this.#rollOut(request.params, context);
      case 'unload':
        return this.#unload();
      case 'probe':
        return this.#probe(request.params);
      case 'measure':
        return this.#measure(request.params, context);
    }
  }

  async #load(params: LoadParams, { signal, update }: CallContext): Promise<ModelInfo> {
    const { clock } = this.#ports;
    const start = clock();
    await this.#unload();
    const early = startEarly(params, this.#ports);
    const pack = await this.#ports.loadPack(params.pack, {
      signal,
      onManifest: early.onManifest,
      onProgress: (stage, done, total) => update({ kind: 'progress', stage, done, total }),
    });
    signal.throwIfAborted();
    const tokenizer = await this.#ports.loadTokenizer(pack);
    await early.settled();
    signal.throwIfAborted();
    const ports = { ...this.#ports, findAdapter: () => early.adapter };
    const loaded = await loadOnDevice(params, pack, tokenizer, ports, {
      signal,
      onProgress: (stage, done, total) => update({ kind: 'progress', stage, done, total }),
    });
    this.#model = loaded.model;
    const { manifest } = pack;
    return {
      name: manifest.name,
      packHash: pack.packHash,
      model: manifest.model,
      imageProcessor: manifest.imageProcessor,
      parameters: manifest.parameters,
      packBytes: manifest.totalBytes,
      weights: `${manifest.recipe.weights} (${manifest.recipe.recipe})`,
      source: manifest.source,
      device: loaded.report,
      memory: memoryUse(loaded.model, null),
      loadMs: clock() - start,
      fromCache: pack.fromCache,
    };
  }

  async #measure(params: EngineCalls['measure'][0], { signal, update }: CallContext): Promise<ShapeReport> {
    await this.#unload();
    return measureOnDevice(params, this.#ports, {
      signal,
      onProgress: (stage, done, total) => update({ kind: 'progress', stage, done, total }),
    });
  }

  async #probe({ allocateBytes }: EngineCalls['probe'][0]): Promise<DeviceProbe> {
    return this.#ports.probeDevice(await this.#ports.findAdapter(), allocateBytes);
  }

  /** SHA-256 of the call's images whose pixels it lacks; where the pool has them, it gets them. */
  #neededImages(request: Exclude<Request, { call: 'cancel' }>): string[] {
    const { params } = request;
    if (!('decoded' in params) || !this.#model) return [];
    const asked: Pick<GenerateParams, 'imageLimits' | 'trace'> =
      'request' in params ? params.request : params;
    const { imageLimits = [], trace = false } = asked;
    const model = this.#model;
    const images = this.#pixels.fill(params.decoded.images);
    params.decoded.images = images;
    const options = { earlierLimits: imageLimits, withPatches: trace };
    return images.flatMap(({ data, sha256 = '' }) =>
      data === null && needsPixels(model, sha256, options) ? [sha256] : [],
    );
  }

  async #prepare(
    { decoded, ...params }: EngineCalls['prepare'][0],
    { signal }: CallContext,
  ): Promise<PrepareResult> {
    return prepareAhead(this.#loadedModel(), params, decoded.images, { signal });
  }

  async #generate(
    { decoded, ...params }: EngineCalls['generate'][0],
    { signal, update }: CallContext,
  ): Promise<GenerateResult> {
    return generate(this.#loadedModel(), params, this.#decoded(decoded), {
      signal,
      clock: this.#ports.clock,
      onProgress: (stage, done, total) => update({ kind: 'progress', stage, done, total }),
      onText: (text, phase, index, ids) => update({ kind: 'token', text, phase, index, ids }),
      onProbabilities: (token) => update({ kind: 'probabilities', token }),
    });
  }

  async #rollOut(
    { decoded, ...params }: EngineCalls['rollouts'][0],
    { signal, update }: CallContext,
  ): Promise<RolloutsResult> {
    return rollOut(this.#loadedModel(), params, this.#decoded(decoded), {
      signal,
      clock: this.#ports.clock,
      onProgress: (stage, done, total) => update({ kind: 'progress', stage, done, total }),
      onText: (text, phase, index, ids, rollout) =>
        update({ kind: 'token', text, phase, index, ids, rollout }),
      onRollout: (rollout) => update({ kind: 'rollout', rollout }),
    });
  }

  #loadedModel(): EngineModel {
    if (!this.#model) throw new RoundsError('model_not_loaded', 'No model is loaded.');
    return this.#model;
  }

  /** The page decoded the images just before; its clock is not this one. */
  #decoded({ images, decodeMs }: DecodedPixels): DecodedImages {
    return { images, decodeMs, startedMs: this.#ports.clock() - decodeMs };
  }

  async #unload(): Promise<null> {
    const model = this.#model;
    this.#model = null;
    await model?.dispose();
    return null;
  }

  /** The graphs can't be used any more: frees what can be freed, and notifies the page. */
  async #drop(error: RoundsError): Promise<void> {
    await this.#unload().catch(() => undefined);
    this.#post({ type: 'lost', error: error.toWire() });
  }
}

/** A probe that allocates GPU memory waits its turn, because it could take the memory that a loading model needs. */
function isImmediate(request: Exclude<Request, { call: 'cancel' }>): boolean {
  return request.call === 'probe' && request.params.allocateBytes === 0;
}

/** Buffers that are transferred to the page instead of copied. */
function transferables(result: EngineCalls[EngineCallName][1]): Transferable[] {
  if (result === null || !('logits' in result)) return [];
  return result.logits.map((logits) => logits.buffer as ArrayBuffer);
}
