/** Lets the page tell a worker that waits or computes in steps from one that is blocked. */

const BEAT_MS = 1000;

/** Posts at once, which says that the worker has started, and every second while it is busy. */
export function startHeartbeat(post: (message: { type: 'alive' }) => void, isBusy: () => boolean): void {
  post({ type: 'alive' });
  setInterval(() => {
    if (isBusy()) post({ type: 'alive' });
  }, BEAT_MS);
}
