/**
 * What a case stores of an image: the file as it is or, if a DICOM header may identify the patient, the shown picture as PNG.
 * The model gets the same pixels either way. File names are not stored.
 */
import { RoundsError } from '../../../shared/errors';
import type { FileFormat } from '../../../shared/imageFacts';
import type { ImageInput } from '../../../shared/generation';
import type { ImagePreview } from '../../../shared/protocol';
import { sha256Hex } from '../../../shared/sha256';
import type { CaseImage } from '../../cases/caseFormat';
import { encodePng } from '../../cases/pngWriter';
import type { EngineApi } from '../../clients/engineClient';

const THUMBNAIL_PIXELS = 128;
const MIME: Readonly<Record<FileFormat, string>> = {
  PNG: 'image/png',
  JPEG: 'image/jpeg',
  WebP: 'image/webp',
  GIF: 'image/gif',
  BMP: 'image/bmp',
  AVIF: 'image/avif',
  TIFF: 'image/tiff',
  DICOM: 'application/dicom',
  NIfTI: 'application/x-nifti',
};

export interface PreparedImage {
  image: CaseImage;
  blob: Blob;
  /** Data URL. */
  thumbnail: string;
}

export class CaseImages {
  readonly #engine: EngineApi;
  /** By file, then by place in the file: each is hashed and rendered once a visit. */
  readonly #prepared = new WeakMap<Blob, Map<string, Promise<PreparedImage>>>();

  readonly #ready = new WeakMap<Promise<PreparedImage>, PreparedImage>();

  constructor(engine: EngineApi) {
    this.#engine = engine;
  }

  /** @param withOriginal store a DICOM file as it is, even if its header may identify the patient */
  prepare(input: ImageInput, withOriginal: boolean): Promise<PreparedImage> {
    const key = `${withOriginal}/${placeOf(input)}`;
    const known = this.#placesOf(input.blob).get(key);
    if (known) return known;
    const prepared = this.#prepare(input, withOriginal);
    this.#placesOf(input.blob).set(key, prepared);
    void prepared.then((image) => this.#ready.set(prepared, image)).catch(() => undefined);
    // Failures are not cached: the engine may be back at the next attempt.
    prepared.catch(() => this.#placesOf(input.blob).delete(key));
    return prepared;
  }

  /** What `prepare` has finished for this image; undefined if it has not been called, or not finished. */
  prepared(input: ImageInput, withOriginal: boolean): PreparedImage | undefined {
    const known = this.#placesOf(input.blob).get(`${withOriginal}/${placeOf(input)}`);
    return known && this.#ready.get(known);
  }

  /** Registers the image of a saved case, so that it isn't prepared again. */
  remember(input: ImageInput, prepared: PreparedImage): void {
    const known = Promise.resolve(prepared);
    this.#ready.set(known, prepared);
    for (const withOriginal of [true, false]) {
      this.#placesOf(input.blob).set(`${withOriginal}/${placeOf(input)}`, known);
    }
  }

  /** The shown picture as PNG: no header, no metadata, no other frames. */
  async picture(input: ImageInput): Promise<Blob> {
    const { rgba, width, height } = await this.#preview(input);
    return encodePng(rgba, width, height);
  }

  /** The picture that a stored file shows, for export. */
  async render(image: CaseImage, input: ImageInput): Promise<Pick<PreparedImage, 'image' | 'blob'>> {
    const blob = await this.picture(input);
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const sha256 = await sha256Hex(bytes);
    const shown = { sha256, bytes: bytes.length, type: MIME.PNG, name: 'image.png', isRendered: true };
    return { image: { ...image, ...shown, identifying: [] }, blob };
  }

  async #prepare(input: ImageInput, withOriginal: boolean): Promise<PreparedImage> {
    const preview = await this.#preview(input);
    const { format, width, height, rgba } = preview;
    const identifying = preview.dicom?.identifying.map(({ code }) => code) ?? [];
    const isRendered = identifying.length > 0 && !withOriginal;
    const file = isRendered ? await encodePng(rgba, width, height) : input.blob;
    const bytes = new Uint8Array(await file.arrayBuffer());
    const type = isRendered ? MIME.PNG : MIME[format];
    const { frame, window, plane, volume } = input;
    const image: CaseImage = {
      sha256: await sha256Hex(bytes),
      bytes: bytes.length,
      name: `image.${isRendered ? 'png' : format.toLowerCase()}`,
      identifying: isRendered ? [] : identifying,
      ...{ type, format, width, height, isRendered },
      ...(frame === undefined ? {} : { frame }),
      ...(window === undefined ? {} : { window: [...window] as [number, number] }),
      ...(plane === undefined ? {} : { plane }),
      ...(volume === undefined ? {} : { volume }),
    };
    // From the bytes alone: a File would store its name.
    return { image, blob: new Blob([bytes], { type }), thumbnail: await thumbnailOf(preview) };
  }

  #preview(image: ImageInput): Promise<ImagePreview> {
    return this.#engine.call('preview', { image });
  }

  #placesOf(blob: Blob): Map<string, Promise<PreparedImage>> {
    const places = this.#prepared.get(blob) ?? new Map<string, Promise<PreparedImage>>();
    this.#prepared.set(blob, places);
    return places;
  }
}

function placeOf({ frame, window, plane, volume }: ImageInput): string {
  return JSON.stringify([frame, window, plane, volume]);
}

/** A small lossy preview, as a data URL. */
async function thumbnailOf({ rgba, width, height }: ImagePreview): Promise<string> {
  const scale = Math.min(1, THUMBNAIL_PIXELS / Math.max(width, height));
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const bitmap = await createImageBitmap(new ImageData(rgba, width, height), {
    resizeWidth: w,
    resizeHeight: h,
    resizeQuality: 'high',
  });
  const canvas = new OffscreenCanvas(w, h);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return dataUrl(await canvas.convertToBlob({ type: 'image/webp', quality: 0.8 }));
}

export function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(RoundsError.from(reader.error, 'internal'));
    reader.readAsDataURL(blob);
  });
}
