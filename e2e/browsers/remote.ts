/** Another browser than Playwright's, as far as the journey needs one. */
export interface Remote {
  name: string;
  go(url: string): Promise<void>;
  reload(): Promise<void>;
  /** Runs the body of a function in the page; `arguments` are its params. Results are JSON. */
  run<T>(body: string, ...params: unknown[]): Promise<T>;
  close(): Promise<void>;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** @throws Error with `what` if the condition isn't met in time */
export async function until<T>(
  what: string,
  seconds: number,
  probe: () => Promise<T | null | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  while (performance.now() < deadline) {
    const found = await probe();
    if (found) return found;
    await sleep(200);
  }
  throw new Error(`Waited ${seconds} s for ${what}.`);
}
