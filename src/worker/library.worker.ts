/** The library's thread: wires storage, locks and the other tabs into the library and attaches the handler. */
import type { FromLibrary, LibraryRequest } from '../shared/library';
import { openChannel } from '../runtime/library/channel';
import { Library } from '../runtime/library/library';
import { openLocks } from '../runtime/library/locks';
import { openModelStorage } from '../runtime/storage/modelStorage';
import { LibraryHandler } from './libraryHandler';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const post = (message: FromLibrary): void => scope.postMessage(message);

const library = new Library({
  storage: openModelStorage(),
  channel: openChannel(),
  locks: openLocks(),
  tab: crypto.randomUUID(),
  onJobs: (jobs) => post({ type: 'jobs', jobs }),
  onModels: (models) => post({ type: 'models', models }),
});
const handler = new LibraryHandler(library, post);

scope.addEventListener('message', (event: MessageEvent<LibraryRequest>) => handler.handle(event.data));
