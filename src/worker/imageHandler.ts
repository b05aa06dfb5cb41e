/** Answers requests for images: previews for the page, pixels for the model. */
import { RoundsError } from '../shared/errors';
import type { ImageInput } from '../shared/generation';
import type { FromImages, ImageCallName, ImageCalls, ImageRequest } from '../shared/imageProtocol';
import type { ImagePreview, PreviewParams } from '../shared/protocol';
import type { SurveyedFile } from '../shared/series';
import { sha256Hex } from '../shared/sha256';
import { imageTokenCount } from '../engine/positions';
import { resizeForModel } from '../engine/preprocess/preprocessImage';
import type { RgbImage } from '../engine/preprocess/resample';
import type { DecodedImage } from '../image/decoded';
import { toRgba } from '../image/rgba';

export interface ImagePorts {
  decodeImage(
    image: ImageInput,
    wanted?: Pick<PreviewParams, 'raw' | 'identity' | 'file'>,
  ): Promise<DecodedImage>;
  surveyFile(blob: Blob): Promise<SurveyedFile>;
}

export class ImageHandler {
  readonly #ports: ImagePorts;
  readonly #post: (message: FromImages, transfer?: Transferable[]) => void;
  #running = 0;

  constructor(ports: ImagePorts, post: (message: FromImages, transfer?: Transferable[]) => void) {
    this.#ports = ports;
    this.#post = post;
  }

  get isBusy(): boolean {
    return this.#running > 0;
  }

  handle(request: ImageRequest): void {
    void this.#answer(request);
  }

  async #answer(request: ImageRequest): Promise<void> {
    const { id } = request;
    this.#running += 1;
    try {
      const result = await this.#dispatch(request);
      this.#post({ type: 'result', id, result }, transferables(result));
    } catch (thrown) {
      this.#post({ type: 'error', id, error: RoundsError.from(thrown).toWire() });
    } finally {
      this.#running -= 1;
    }
  }

  #dispatch(request: ImageRequest): Promise<ImageCalls[ImageCallName][1]> {
    switch (request.call) {
      case 'preview':
        return this.#preview(request.params);
      case 'decode':
        return this.#decode(request.params.image);
      case 'survey':
        return this.#survey(request.params.files);
    }
  }

  async #survey(files: readonly Blob[]): Promise<SurveyedFile[]> {
    const surveyed: SurveyedFile[] = [];
    for (const file of files) surveyed.push(await this.#ports.surveyFile(file));
    return surveyed;
  }

  async #decode(input: ImageInput): Promise<ImageCalls['decode'][1]> {
    const { width, height, data } = await this.#ports.decodeImage(input);
    const pixels = owned(data);
    return { width, height, data: pixels, sha256: await sha256Hex(pixels) };
  }

  async #preview({
    image: input,
    imageLimits,
    model,
    ...wanted
  }: ImageCalls['preview'][0]): Promise<ImagePreview> {
    const image = await this.#ports.decodeImage(input, wanted);
    if (!model) return previewOf(image, null, 0);
    const { imageProcessor, vision } = model;
    const resized = resizeForModel(image, imageProcessor, vision, {
      ...(imageLimits ? { earlierLimits: imageLimits } : {}),
    });
    const grid: [number, number, number] = [
      1,
      resized.height / vision.patchSize,
      resized.width / vision.patchSize,
    ];
    return previewOf(image, resized, imageTokenCount(grid, vision.spatialMergeSize));
  }
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

/** The bytes in a buffer of their own: what is transferred must not take the rest of a file along. */
function owned(data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return data.byteLength === data.buffer.byteLength ? data : data.slice();
}

/** Buffers that are transferred to the page instead of copied. */
function transferables(result: ImageCalls[ImageCallName][1]): Transferable[] {
  if (Array.isArray(result)) return [];
  if ('data' in result) return [result.data.buffer];
  const pixels = [result.rgba, result.resizedRgba, result.raw?.values];
  return pixels.flatMap((array) => (array ? [array.buffer] : []));
}
