/**
 * The messages between the page and the worker that decodes images. It knows no model and holds no weights, so that a file that
 * hangs or crashes a decoder takes nothing else along. Every request gets exactly one reply.
 */
import type { WireError } from './errors';
import type { ChatMessage, ImageInput } from './generation';
import type { RgbPixels } from './imageFacts';
import type { ImageProcessorConfig, ModelConfig } from './modelConfig';
import type { ImagePreview, PreviewParams } from './protocol';
import type { SurveyedFile } from './series';

/** What decides the size of a model's input image. */
export interface ModelInput {
  imageProcessor: ImageProcessorConfig;
  vision: ModelConfig['vision'];
}

/** One row is one call: [parameters, result]. */
export interface ImageCalls {
  /** `model` is null before a model is loaded. */
  preview: [PreviewParams & { model: ModelInput | null }, ImagePreview];
  /** With the SHA-256 of the pixels. */
  decode: [{ image: ImageInput }, RgbPixels & { sha256: string }];
  /** What files are, from their first bytes, in the order of the files. */
  survey: [{ files: File[] }, SurveyedFile[]];
}

export type ImageCallName = keyof ImageCalls;

export type ImageRequest = {
  [K in ImageCallName]: { id: number; call: K; params: ImageCalls[K][0] };
}[ImageCallName];

export type FromImages =
  | { type: 'result'; id: number; result: ImageCalls[ImageCallName][1] }
  | { type: 'error'; id: number; error: WireError }
  /** At the start, and every second while a call runs: the worker isn't blocked. */
  | { type: 'alive' };

/** The images of a conversation, in the order in which the model gets them. */
export function imagesOf(messages: readonly ChatMessage[]): ImageInput[] {
  return messages.flatMap(({ content }) =>
    typeof content === 'string' ? [] : content.flatMap((part) => (part.type === 'image' ? [part.image] : [])),
  );
}
