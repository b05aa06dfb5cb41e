/** The engine's thread: wires runtime into engine and attaches the handler. */
import type { FromWorker, Request } from '../shared/protocol';
import { decodeImage } from '../runtime/image/decode';
import { loadPack } from '../runtime/storage/packLoader';
import { loadTokenizer } from '../runtime/tokenizer';
import { openBackend } from './backend';
import { RequestHandler } from './handler';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

const handler = new RequestHandler(
  {
    loadPack,
    loadTokenizer,
    openBackend,
    decodeImage: ({ blob, frame, window }) =>
      decodeImage(blob, { ...(frame === undefined ? {} : { frame }), ...(window ? { window } : {}) }),
    clock: () => performance.now(),
  },
  (message: FromWorker, transfer: Transferable[] = []) => scope.postMessage(message, transfer),
);

scope.addEventListener('message', (event: MessageEvent<Request>) => handler.handle(event.data));
