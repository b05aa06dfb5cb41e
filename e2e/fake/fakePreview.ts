/** Image previews of the scripted engine: decoded by the browser, and by no rule of a model's own but the size of a token. */
import { RoundsError } from '../../src/shared/errors';
import type { ImageInput } from '../../src/shared/generation';
import type { ImagePreview } from '../../src/shared/protocol';

const TOKEN_SIDE = 28;

/** @throws RoundsError image_invalid */
export async function fakePreview(image: ImageInput): Promise<ImagePreview> {
  // The browser can't read DICOM, and the real engine has its own tests for it: any grey picture will do.
  const source = image.name.endsWith('.dcm') ? grey(128, 128) : await decode(image.blob);
  const resizedWidth = Math.max(1, Math.round(source.width / TOKEN_SIDE)) * TOKEN_SIDE;
  const resizedHeight = Math.max(1, Math.round(source.height / TOKEN_SIDE)) * TOKEN_SIDE;
  const canvas = new OffscreenCanvas(source.width, source.height);
  canvas.getContext('2d')?.putImageData(source, 0, 0);
  const resized = draw(canvas, resizedWidth, resizedHeight);
  const facts = { frames: 1, frame: 0, window: null, presets: [], unit: '', pixelAspect: 1 };
  return {
    ...facts,
    format: 'PNG',
    width: source.width,
    height: source.height,
    rgba: new Uint8ClampedArray(source.data),
    resizedWidth,
    resizedHeight,
    resizedRgba: new Uint8ClampedArray(resized.data),
    tokens: (resizedWidth * resizedHeight) / TOKEN_SIDE ** 2,
  };
}

async function decode(blob: Blob): Promise<ImageData> {
  const bitmap = await createImageBitmap(blob).catch((cause: unknown) => {
    throw new RoundsError('image_invalid', 'Scripted: not an image.', { cause });
  });
  return draw(bitmap, bitmap.width, bitmap.height);
}

function draw(source: CanvasImageSource, width: number, height: number): ImageData {
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (!context) throw new RoundsError('internal', 'This browser has no canvas.');
  context.drawImage(source, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

function grey(width: number, height: number): ImageData {
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) pixels.data.set([i % 256, i % 256, i % 256, 255], 4 * i);
  return pixels;
}
