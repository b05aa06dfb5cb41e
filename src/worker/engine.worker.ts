/** The engine's worker: connects the runtime to the engine and attaches the handler. */
import type { FromWorker, Request } from '../shared/protocol';
import { findAdapter } from '../runtime/device';
import { probeDevice } from '../runtime/deviceProbe';
import { openChannel } from '../runtime/library/channel';
import { fetchOrt } from '../runtime/ort/loadOrt';
import { startOrt } from '../runtime/ort/startOrt';
import { loadPack } from '../runtime/storage/packLoader';
import { openVerdictStore } from '../runtime/storage/verdictStore';
import { loadTokenizer } from '../runtime/tokenizer';
import { openBackend, ortBuildFor } from './backend';
import { RequestHandler } from './handler';
import { startHeartbeat } from './heartbeat';
import { watchPolicy } from './policy';
import { dependencies } from '../../package.json';

/** Part of the key of self-test verdicts, because another build may compute differently. */
const ORT_VERSION = dependencies['onnxruntime-web'];

/** Makes the library's worker read the index again. */
const channel = openChannel();
const announceModels = (): void => channel.post({ type: 'models' });

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const post = (message: FromWorker, transfer: Transferable[] = []): void =>
  scope.postMessage(message, transfer);

const handler = new RequestHandler(
  {
    loadPack: (location, hooks) => loadPack(location, { ...hooks, onStored: announceModels }),
    loadTokenizer,
    findAdapter,
    openBackend,
    fetchRuntime: (backend) => fetchOrt(ortBuildFor(backend)),
    startRuntime: (backend) => startOrt(ortBuildFor(backend)),
    probeDevice,
    explain: watchPolicy(scope),
    verdicts: openVerdictStore(),
    // “captured”: earlier versions tested without graph capture.
    environment: `${navigator.userAgent} | onnxruntime-web ${ORT_VERSION}, captured`,
    clock: () => performance.now(),
  },
  post,
);

scope.addEventListener('message', (event: MessageEvent<Request>) => handler.handle(event.data));
startHeartbeat(post, () => handler.isBusy);
