/** The engine's worker: connects the runtime to the engine and attaches the handler. */
import type { FromWorker, Request } from '../shared/protocol';
import { decodeImage } from '../image/decode';
import { FileMemory } from '../image/fileMemory';
import { surveyFile } from '../image/survey';
import { findAdapter } from '../runtime/device';
import { probeDevice } from '../runtime/deviceProbe';
import { openChannel } from '../runtime/library/channel';
import { loadPack } from '../runtime/storage/packLoader';
import { openVerdictStore } from '../runtime/storage/verdictStore';
import { loadTokenizer } from '../runtime/tokenizer';
import { openBackend } from './backend';
import { RequestHandler } from './handler';
import { dependencies } from '../../package.json';

/** Part of the key of self-test verdicts, because another build may compute differently. */
const ORT_VERSION = dependencies['onnxruntime-web'];

/** Makes the library's worker read the index again. */
const channel = openChannel();
const announceModels = (): void => channel.post({ type: 'models' });

/** Caches the file in the page's viewer. */
const memory = new FileMemory();

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

const handler = new RequestHandler(
  {
    loadPack: (location, hooks) => loadPack(location, { ...hooks, onStored: announceModels }),
    loadTokenizer,
    findAdapter,
    openBackend,
    probeDevice,
    verdicts: openVerdictStore(),
    environment: `${navigator.userAgent} | onnxruntime-web ${ORT_VERSION}`,
    decodeImage: ({ blob, name, frame, window, plane, volume }, { file, ...wanted } = {}) =>
      decodeImage(blob, {
        ...{ name, frame, window, plane, volume },
        ...wanted,
        ...(file === undefined ? {} : { remember: memory.of(`${file}/${blob.size}`) }),
      }),
    surveyFile,
    clock: () => performance.now(),
  },
  (message: FromWorker, transfer: Transferable[] = []) => scope.postMessage(message, transfer),
);

scope.addEventListener('message', (event: MessageEvent<Request>) => handler.handle(event.data));
