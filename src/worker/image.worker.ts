/** The worker that decodes images: connects the decoders and attaches the handler. */
import type { FromImages, ImageRequest } from '../shared/imageProtocol';
import { decodeImage } from '../image/decode';
import { FileMemory } from '../image/fileMemory';
import { surveyFile } from '../image/survey';
import { startHeartbeat } from './heartbeat';
import { ImageHandler } from './imageHandler';

/** Caches the file in the page's viewer. */
const memory = new FileMemory();

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const post = (message: FromImages, transfer: Transferable[] = []): void =>
  scope.postMessage(message, transfer);

const handler = new ImageHandler(
  {
    decodeImage: ({ blob, name, frame, window, plane, volume }, { file, ...wanted } = {}) =>
      decodeImage(blob, {
        ...{ name, frame, window, plane, volume },
        ...wanted,
        ...(file === undefined ? {} : { remember: memory.of(`${file}/${blob.size}`) }),
      }),
    surveyFile,
  },
  post,
);

scope.addEventListener('message', (event: MessageEvent<ImageRequest>) => handler.handle(event.data));
startHeartbeat(post, () => handler.isBusy);
