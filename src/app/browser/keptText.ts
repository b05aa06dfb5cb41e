/** A short text in localStorage, for browsers that have it and visits that may use it: it never throws. */
export interface KeptText {
  /** Null where nothing is kept, or storage is blocked. */
  get(): string | null;
  /** Null takes it away. Where storage is blocked or full the choice holds for this visit only. */
  set(text: string | null): void;
}

export function keptText(key: string): KeptText {
  return {
    get: () => {
      try {
        return localStorage.getItem(key);
      } catch {
        return null;
      }
    },
    set: (text) => {
      try {
        if (text === null) localStorage.removeItem(key);
        else localStorage.setItem(key, text);
      } catch {
        // See above.
      }
    },
  };
}
