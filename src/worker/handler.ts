/**
 * Answers the page's requests, each with exactly one reply. Calls run one after another, except `cancel`, which only aborts a
 * signal, and `preview` and a `probe` without allocation, which need no model: an image that is dropped while the model loads
 * or answers should appear at once.
 */
import { RoundsError } from '../shared/errors';
import type {
  ChatMessage,
  GenerateParams,
  GenerateResult,
  ImageInput,
  RolloutsParams,
  RolloutsResult,
} from '../shared/generation';
import type {
  CallName,
  Calls,
  DeviceProbe,
  FromWorker,
  ImagePreview,
  LoadParams,
  ModelInfo,
  PackLocation,
  PreviewParams,
  Request,
  Update,
} from '../shared/protocol';
import type { SurveyedFile } from '../shared/series';
import { generate, type DecodedImages } from '../engine/generate';
import { memoryUse } from '../engine/memory';
import type { EngineModel } from '../engine/model';
import { imageTokenCount } from '../engine/positions';
import { resizeForModel } from '../engine/preprocess/preprocessImage';
import type { RgbImage } from '../engine/preprocess/resample';
import { rollOut } from '../engine/rollouts';
import type { AdapterSummary } from '../runtime/device';
import type { DecodedImage } from '../image/decoded';
import { serialQueue } from '../runtime/ort/serialQueue';
import { loadOnDevice, type DevicePorts } from './loadOnDevice';
import type { LoadedPack } from '../runtime/storage/packLoader';

/** Dependencies outside the engine; tests pass their own. */
export interface HandlerPorts extends DevicePorts {
  loadPack(
    location: PackLocation,
    hooks: {
      signal: AbortSignal;
      onProgress: (stage: 'manifest' | 'download' | 'verify', done: number, total: number) => void;
    },
  ): Promise<LoadedPack>;
  loadTokenizer: typeof import('../runtime/tokenizer').loadTokenizer;
  decodeImage(
    image: ImageInput,
    wanted?: Pick<PreviewParams, 'raw' | 'identity' | 'file'>,
  ): Promise<DecodedImage>;
  surveyFile(blob: Blob): Promise<SurveyedFile>;
  probeDevice(adapter: AdapterSummary | null, allocateBytes: number): Promise<DeviceProbe>;
}

interface CallContext {
  signal: AbortSignal;
  update: (update: Update) => void;
}

export class RequestHandler {
  readonly #ports: HandlerPorts;
  readonly #post: (message: FromWorker, transfer?: Transferable[]) => void;
  readonly #aborts = new Map<number, AbortController>();
  readonly #enqueue = serialQueue();
  #model: EngineModel | null = null;

  constructor(ports: HandlerPorts, post: (message: FromWorker, transfer?: Transferable[]) => void) {
    this.#ports = ports;
    this.#post = post;
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
    if (isImmediate(request)) void this.#answer(request, context);
    else void this.#enqueue(() => this.#answer(request, context));
  }

  async #answer(request: Exclude<Request, { call: 'cancel' }>, context: CallContext): Promise<void> {
    try {
      if (context.signal.aborted) throw new RoundsError('aborted', 'Stopped before it started.');
      const result = await this.#dispatch(request, context);
      this.#post({ type: 'result', id: request.id, result }, transferables(result));
    } catch (thrown) {
      const error = RoundsError.from(thrown);
      this.#post({ type: 'error', id: request.id, error: error.toWire() });
      if (error.code === 'device_lost' || error.code === 'out_of_memory') await this.#drop(error);
    } finally {
      this.#aborts.delete(request.id);
    }
  }

  #dispatch(
    request: Exclude<Request, { call: 'cancel' }>,
    context: CallContext,
  ): Promise<Calls[CallName][1]> {
    switch (request.call) {
      case 'load':
        return this.#load(request.params, context);
      case 'preview':
        return this.#preview(request.params);
      case 'survey':
        return this.#survey(request.params);
      case 'generate':
        return this.#generate(request.params, context);
      case 'rollouts':
        return this.#rollOut(request.params, context);
      case 'unload':
        return this.#unload();
      case 'probe':
        return this.#probe(request.params);
    }
  }

  async #load(params: LoadParams, { signal, update }: CallContext): Promise<ModelInfo> {
    const { clock } = this.#ports;
    const start = clock();
    await this.#unload();
    const pack = await this.#ports.loadPack(params.pack, {
      signal,
      onProgress: (stage, done, total) => update({ kind: 'progress', stage, done, total }),
    });
    signal.throwIfAborted();
    const tokenizer = await this.#ports.loadTokenizer(pack);
    const loaded = await loadOnDevice(params, pack, tokenizer, this.#ports, {
      signal,
      onProgress: (stage, done, total) => update({ kind: 'progress', stage, done, total }),
    });
    this.#model = loaded.model;
    const { manifest } = pack;
    return {
      name: manifest.name,
      packHash: pack.packHash,
      model: manifest.model,
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

  async #preview({ image: input, imageLimits, ...wanted }: PreviewParams): Promise<ImagePreview> {
    const image = await this.#ports.decodeImage(input, wanted);
    const model = this.#model;
    if (!model) return previewOf(image, null, 0);
    const { vision } = model.config;
    const resized = resizeForModel(image, model.pack.manifest.imageProcessor, vision, {
      ...(imageLimits ? { earlierLimits: imageLimits } : {}),
    });
    const grid: [number, number, number] = [
      1,
      resized.height / vision.patchSize,
      resized.width / vision.patchSize,
    ];
    return previewOf(image, resized, imageTokenCount(grid, vision.spatialMergeSize));
  }

  async #survey({ files }: Calls['survey'][0]): Promise<SurveyedFile[]> {
    const found: SurveyedFile[] = [];
    for (const file of files) found.push(await this.#ports.surveyFile(file));
    return found;
  }

  async #probe({ allocateBytes }: Calls['probe'][0]): Promise<DeviceProbe> {
    return this.#ports.probeDevice(await this.#ports.findAdapter(), allocateBytes);
  }

  async #generate(params: GenerateParams, { signal, update }: CallContext): Promise<GenerateResult> {
    const model = this.#loadedModel();
    const decoded = await this.#decodeImages(params.messages, update);
    return generate(model, params, decoded, {
      signal,
      clock: this.#ports.clock,
      onProgress: (stage, done, total) => update({ kind: 'progress', stage, done, total }),
      onText: (text, phase, index, ids) => update({ kind: 'token', text, phase, index, ids }),
      onProbabilities: (token) => update({ kind: 'probabilities', token }),
    });
  }

  async #rollOut(params: RolloutsParams, { signal, update }: CallContext): Promise<RolloutsResult> {
    const model = this.#loadedModel();
    const decoded = await this.#decodeImages(params.request.messages, update);
    return rollOut(model, params, decoded, {
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

  async #decodeImages(messages: ChatMessage[], update: CallContext['update']): Promise<DecodedImages> {
    const { clock } = this.#ports;
    const startedMs = clock();
    const inputs = imagesOf(messages);
    const images: RgbImage[] = [];
    for (const [i, input] of inputs.entries()) {
      update({ kind: 'progress', stage: 'image', done: i, total: inputs.length });
      images.push(await this.#ports.decodeImage(input));
    }
    return { images, decodeMs: clock() - startedMs, startedMs };
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
  if (request.call === 'preview' || request.call === 'survey') return true;
  return request.call === 'probe' && request.params.allocateBytes === 0;
}

function imagesOf(messages: ChatMessage[]): ImageInput[] {
  return messages.flatMap(({ content }) =>
    typeof content === 'string' ? [] : content.flatMap((part) => (part.type === 'image' ? [part.image] : [])),
  );
}

function previewOf(image: DecodedImage, resized: RgbImage | null, tokens: number): ImagePreview {
  return {
    ...image.facts,
    ...(image.raw ? { raw: image.raw } : {}),
    width: image.width,
    height: image.height,
    rgba: toRgba(image),
    resizedWidth: resized?.width ?? 0,
    resizedHeight: resized?.height ?? 0,
    resizedRgba: resized ? toRgba(resized) : null,
    tokens,
  };
}

function toRgba({ data, width, height }: RgbImage): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    rgba.set(data.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
  }
  return rgba;
}

/** Buffers that are transferred to the page instead of copied. */
function transferables(result: Calls[CallName][1]): Transferable[] {
  if (result === null) return [];
  if ('rgba' in result) {
    const pixels = [result.rgba, result.resizedRgba, result.raw?.values];
    return pixels.flatMap((array) => (array ? [array.buffer] : []));
  }
  if ('logits' in result) return result.logits.map((logits) => logits.buffer as ArrayBuffer);
  return [];
}
