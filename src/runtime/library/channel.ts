/** Messages between the tabs of this browser about the library. They are not stored and hold no token. */
import type { JobState } from '../../shared/library';

export type LibraryMessage =
  /** The stored models changed. */
  | { type: 'models' }
  /** The jobs that run in one tab, all of them. */
  | { type: 'jobs'; tab: string; jobs: JobState[] }
  /** A new tab asks the others for their jobs. */
  | { type: 'hello'; tab: string }
  /** Whoever runs the job (null: any job) stops it. */
  | { type: 'stop'; jobId: string | null; how: 'pause' | 'cancel' };

export interface LibraryChannel {
  post(message: LibraryMessage): void;
  onMessage(listener: (message: LibraryMessage) => void): void;
  close(): void;
}

const CHANNEL = 'rounds-library';

/** Messages reach every other tab and worker of this site, never the sender. */
export function openChannel(name = CHANNEL): LibraryChannel {
  const channel = new BroadcastChannel(name);
  return {
    post: (message) => channel.postMessage(message),
    onMessage: (listener) => {
      channel.onmessage = (event: MessageEvent<LibraryMessage>) => listener(event.data);
    },
    close: () => channel.close(),
  };
}
