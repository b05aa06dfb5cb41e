/** What the browser says about its storage. */
import type { StorageReport } from '../../shared/library';

/**
 * Firefox's and Safari's private windows refuse the private file system. Chromium's tell nothing apart from others, not
 * even by the quota: there a private window shows itself only by running out of room. So `isPrivate` is a sign when it
 * is true and none when it is false.
 */
export async function storageReport(): Promise<StorageReport> {
  const storage = 'storage' in navigator ? navigator.storage : undefined;
  const [estimate, persisted, isPrivate] = await Promise.all([
    storage?.estimate().catch(() => null),
    storage?.persisted().catch(() => false),
    storage ? refusesFiles(storage) : false,
  ]);
  return {
    usage: estimate?.usage ?? null,
    quota: estimate?.quota ?? null,
    persisted: persisted ?? false,
    isPrivate,
  };
}

async function refusesFiles(storage: StorageManager): Promise<boolean> {
  if (!('getDirectory' in storage)) return false;
  return storage.getDirectory().then(
    () => false,
    () => true,
  );
}
