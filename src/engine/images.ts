/** Preprocesses decoded images and encodes them to features for the decoder. Both are done once for each content. */
import { RoundsError } from '../shared/errors';
import type { PixelLimits, ProcessedImage } from '../shared/generation';
import type { SourceImage } from '../shared/imageFacts';
import { sha256Hex } from '../shared/sha256';
import type { KnownImage } from './knownImages';
import { patchColumns, type EngineModel } from './model';
import type { TensorData } from './ports';
import type { GridThw, Patches } from './preprocess/patchify';
import { preprocessImage } from './preprocess/preprocessImage';
import type { RgbImage } from './preprocess/resample';
import type { ImageFeatures } from './visionEncoder';

export type { SourceImage } from '../shared/imageFacts';

export interface PreparedImages {
  reports: ProcessedImage[];
  grids: GridThw[];
  keys: string[];
  /** Null for an image whose features are known. */
  patches: (Patches | null)[];
  /** Null for an image that must be encoded. */
  features: (ImageFeatures | null)[];
}

export interface PrepareOptions {
  /** Resize steps before the image processor's own. */
  earlierLimits?: readonly PixelLimits[];
  /** Also divide images into patches whose features are known. */
  withPatches?: boolean;
}

/** Whether an image must come with its pixels. */
export function needsPixels(
  model: EngineModel,
  sha256: string,
  { earlierLimits = [], withPatches = false }: PrepareOptions = {},
): boolean {
  const known = model.knownImages.get(sha256, earlierLimits);
  return withPatches || !known || !model.vision.cached(known.key);
}

/**
 * Resizes images and divides them into patches, except those whose features are known.
 * @throws RoundsError image_invalid; internal if pixels are missing (see needsPixels)
 */
export async function prepareImages(
  model: EngineModel,
  images: readonly SourceImage[],
  options: PrepareOptions = {},
): Promise<PreparedImages> {
  const prepared: PreparedImages = { reports: [], grids: [], keys: [], patches: [], features: [] };
  const { earlierLimits = [], withPatches = false } = options;
  for (const source of images) {
    const sha256 = source.sha256 ?? (await sha256Hex(pixelsOf(source).data));
    const known = model.knownImages.get(sha256, earlierLimits);
    const features = known ? model.vision.cached(known.key) : null;
    const isReady = known !== undefined && features !== null && !withPatches;
    const image = isReady
      ? { ...known, patches: null }
      : await preprocess(model, source, sha256, earlierLimits);
    prepared.reports.push(image.report);
    prepared.grids.push(image.gridThw);
    prepared.keys.push(image.key);
    prepared.patches.push(image.patches);
    // Held from here on: encoding the next image may take these out of the cache.
    prepared.features.push(features);
  }
  return prepared;
}

function pixelsOf({ width, height, data }: SourceImage): RgbImage {
  if (data === null) throw new RoundsError('internal', 'The pixels of an image are missing.');
  return { width, height, data };
}

async function preprocess(
  model: EngineModel,
  source: SourceImage,
  sha256: string,
  earlierLimits: readonly PixelLimits[],
): Promise<KnownImage & { patches: Patches }> {
  const paddedColumns = patchColumns(model.pack);
  const options = { earlierLimits, ...(paddedColumns === undefined ? {} : { paddedColumns }) };
  const { imageProcessor } = model.pack.manifest;
  const result = preprocessImage(pixelsOf(source), imageProcessor, model.config.vision, options);
  const { resized, gridThw, patches } = result;
  const report = {
    width: source.width,
    height: source.height,
    rgbSha256: sha256,
    resizedWidth: resized.width,
    resizedHeight: resized.height,
    resizedSha256: await sha256Hex(resized.data),
  };
  const known = { report, gridThw, key: `${report.resizedSha256}:${resized.width}x${resized.height}` };
  model.knownImages.add(sha256, earlierLimits, known);
  return { ...known, patches };
}

/**
 * Concatenated features of all images: [image tokens, hidden] in the activation type.
 * @throws RoundsError aborted, and errors of the backend
 */
export async function encodeImages(
  model: EngineModel,
  { keys, patches, features }: PreparedImages,
  onImage?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<TensorData> {
  const parts: TensorData[] = [];
  for (const [i, key] of keys.entries()) {
    signal?.throwIfAborted();
    onImage?.(i, keys.length);
    const rows = patches[i];
    const known = features[i] ?? (rows ? await model.vision.encode(key, rows) : null);
    if (!known) throw new RoundsError('internal', 'An image has neither features nor patches.');
    parts.push(known.data);
  }
  onImage?.(keys.length, keys.length);
  return concatenate(parts, model.backend.activations === 'f16');
}

function concatenate(parts: TensorData[], half: boolean): TensorData {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = half ? new Uint16Array(length) : new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part as Float32Array, at);
    at += part.length;
  }
  return all;
}
