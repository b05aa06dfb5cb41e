/**
 * What is kept of an image: the file as it is, or, where a DICOM’s header may tell who the patient is, the picture that
 * was shown, as PNG. The model is given the same pixels either way. File names are not kept.
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

export interface KeptImage {
  image: CaseImage;
  blob: Blob;
  /** Data URL. */
  thumbnail: string;
}

export class CaseImages {
  readonly #engine: EngineApi;
  /** By file, then by the place in it: hashing and rendering are done once a visit. */
  readonly #kept = new WeakMap<Blob, Map<string, Promise<KeptImage>>>();

  constructor(engine: EngineApi) {
    this.#engine = engine;
  }

  /** @param withOriginal keep a DICOM file whole, whatever its header tells */
  keep(input: ImageInput, withOriginal: boolean): Promise<KeptImage> {
    const key = `${withOriginal}/${placeOf(input)}`;
    const known = this.#placesOf(input.blob).get(key);
    if (known) return known;
    const kept = this.#keep(input, withOriginal);
    this.#placesOf(input.blob).set(key, kept);
    // A failure is not remembered: the next try may find the engine again.
    kept.catch(() => this.#placesOf(input.blob).delete(key));
    return kept;
  }

  /** An image that was kept before stays what it was. */
  adopt(input: ImageInput, kept: KeptImage): void {
    for (const withOriginal of [true, false]) {
      this.#placesOf(input.blob).set(`${withOriginal}/${placeOf(input)}`, Promise.resolve(kept));
    }
  }

  /** The picture as it is shown: no header, no metadata, no other frames. */
  async picture(input: ImageInput): Promise<Blob> {
    const { rgba, width, height } = await this.#preview(input);
    return encodePng(rgba, width, height);
  }

  /** A kept file as the picture that it shows, for export. */
  async render(image: CaseImage, input: ImageInput): Promise<Pick<KeptImage, 'image' | 'blob'>> {
    const blob = await this.picture(input);
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const sha256 = await sha256Hex(bytes);
    const shown = { sha256, bytes: bytes.length, type: MIME.PNG, name: 'image.png', isRendered: true };
    return { image: { ...image, ...shown, identifying: [] }, blob };
  }

  async #keep(input: ImageInput, withOriginal: boolean): Promise<KeptImage> {
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
    // Of the bytes alone: a File would bring its name into the store.
    return { image, blob: new Blob([bytes], { type }), thumbnail: await thumbnailOf(preview) };
  }

  #preview(image: ImageInput): Promise<ImagePreview> {
    return this.#engine.call('preview', { image });
  }

  #placesOf(blob: Blob): Map<string, Promise<KeptImage>> {
    const places = this.#kept.get(blob) ?? new Map<string, Promise<KeptImage>>();
    this.#kept.set(blob, places);
    return places;
  }
}

function placeOf({ frame, window, plane, volume }: ImageInput): string {
  return JSON.stringify([frame, window, plane, volume]);
}

/** Small, lossy and for the eye only. */
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
