/** How the work of a function grows with its input. */

const ATTEMPTS = 30;
const LARGER = 4;
/**
 * One large input takes as long as four small ones if work is linear, and four times as long if it is quadratic. Both
 * sides take about the same time, so that other work on the machine slows both.
 */
const LIMIT = 2.5;

/**
 * Whether work grows in proportion to the input. Several attempts, because other work only ever adds to a time.
 * @param make the input; not part of the measured work
 */
export async function isLinear<T>(
  make: (size: number) => T,
  run: (input: T) => unknown,
  size = 3_000,
): Promise<boolean> {
  const [small, large] = [make(size), make(LARGER * size)];
  let [smallMs, largeMs] = [Infinity, Infinity];
  await time(run, small, LARGER);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    smallMs = Math.min(smallMs, await time(run, small, LARGER));
    largeMs = Math.min(largeMs, await time(run, large, 1));
    // Below two milliseconds the clock says little.
    if (largeMs <= LIMIT * Math.max(smallMs, 2)) return true;
  }
  return false;
}

async function time<T>(run: (input: T) => unknown, input: T, times: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < times; i++) await run(input);
  return performance.now() - start;
}
