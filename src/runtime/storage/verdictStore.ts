/**
 * Self-test verdicts of this browser. The key names everything that could change the numbers: pack, mode, adapter,
 * browser version, onnxruntime version. Losing one only costs the test again, so storage failures are ignored.
 */
import { get, set } from 'idb-keyval';
import type { SelfTestDetail } from '../../shared/device';
import { openIdbStore } from '../../shared/indexedDb';

export interface StoredVerdict {
  ok: boolean;
  detail: SelfTestDetail;
  milliseconds: number;
  /** ISO date of the run. */
  at: string;
}

export interface VerdictStore {
  get(key: string): Promise<StoredVerdict | undefined>;
  set(key: string, verdict: StoredVerdict): Promise<void>;
}

export function openVerdictStore(): VerdictStore {
  const store = 'indexedDB' in globalThis ? openIdbStore('rounds-self-tests', 'verdicts') : null;
  return {
    get: async (key) => {
      const stored = store ? await get<StoredVerdict>(key, store).catch(() => undefined) : undefined;
      // Earlier versions stored a sentence: the test then runs again.
      return typeof stored?.detail === 'object' ? stored : undefined;
    },
    set: async (key, verdict) => {
      if (store) await set(key, verdict, store).catch(() => undefined);
    },
  };
}
