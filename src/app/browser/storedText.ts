/**
 * A short text in localStorage. It never throws: without storage, values last for this visit only. A private visit
 * (privateVisit.ts) writes nothing.
 */
import { isPrivateVisit } from './privateVisit';

export interface StoredText {
  /** Null if nothing is stored, or storage is blocked. */
  get(): string | null;
  /** Null removes the value. Does nothing in a private visit, or if storage is blocked or full. */
  set(text: string | null): void;
}

/** @param always store it in a private visit too: for values that reveal nothing about what the visitor does */
export function storedText(key: string, { always = false } = {}): StoredText {
  return {
    get: () => {
      try {
        return localStorage.getItem(key);
      } catch {
        return null;
      }
    },
    set: (text) => {
      if (isPrivateVisit() && !always) return;
      try {
        if (text === null) localStorage.removeItem(key);
        else localStorage.setItem(key, text);
      } catch {
        // See above.
      }
    },
  };
}
