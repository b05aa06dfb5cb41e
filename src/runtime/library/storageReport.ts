/** The browser's storage: use, quota and persistence. */
import type { StorageReport } from '../../shared/library';

/**
 * Private windows of Firefox and Safari refuse the private file system. Those of Chromium look like any other, quota
 * included, until they run out of room. So `isPrivate` means something only when it is true.
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
