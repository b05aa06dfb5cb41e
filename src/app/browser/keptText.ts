/**
 * A short text in localStorage, for browsers that have it and visits that may use it: it never throws. A private visit
 * (privateVisit.ts) writes nothing.
 */
import { isPrivateVisit } from './privateVisit';

export interface KeptText {
  /** Null where nothing is kept, or storage is blocked. */
  get(): string | null;
  /** Null takes it away. In a private visit, and where storage is blocked or full, the choice holds for this visit only. */
  set(text: string | null): void;
}

/** @param always also in a private visit: for marks that tell nothing of what the visitor does */
export function keptText(key: string, { always = false } = {}): KeptText {
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
