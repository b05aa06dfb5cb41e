/**
 * Self-test verdicts of this browser. The key names everything that could change the numbers: pack, mode, adapter,
 * browser version, onnxruntime version. Losing one only costs the test again, so storage failures are ignored.
 */
import { createStore, get, set } from 'idb-keyval';

export interface StoredVerdict {
  ok: boolean;
  detail: string;
  milliseconds: number;
  /** ISO date of the run. */
  at: string;
}

export interface VerdictStore {
  get(key: string): Promise<StoredVerdict | undefined>;
  set(key: string, verdict: StoredVerdict): Promise<void>;
}

export function openVerdictStore(): VerdictStore {
  const store = 'indexedDB' in globalThis ? createStore('rounds-self-tests', 'verdicts') : null;
  return {
    get: async (key) => (store ? get<StoredVerdict>(key, store).catch(() => undefined) : undefined),
    set: async (key, verdict) => {
      if (store) await set(key, verdict, store).catch(() => undefined);
    },
  };
}
