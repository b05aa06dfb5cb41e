/** How the work of a function grows with its input. */

const RUNS = 3;
const ATTEMPTS = 6;
/** Four times the input: linear work takes four times as long, quadratic work sixteen times. */
export const LARGER = 4;
const LIMIT = 10;

/**
 * The growth of the shortest measured time from `size` to four times `size`: other work on the machine only adds. Stops once it is clearly linear.
 * @param make the input; not part of the measured work
 */
export async function growth<T>(
  make: (size: number) => T,
  run: (input: T) => unknown,
  size: number,
): Promise<number> {
  const [small, large] = [make(size), make(LARGER * size)];
  let [smallMs, largeMs] = [Infinity, Infinity];
  await time(run, small);
  for (let attempt = 0; attempt < ATTEMPTS && !(largeMs / smallMs <= LIMIT); attempt++) {
    largeMs = Math.min(largeMs, await time(run, large));
    // Below a millisecond the clock says little.
    smallMs = Math.max(1, Math.min(smallMs, await time(run, small)));
  }
  return largeMs / smallMs;
}

/** Whether work grows in proportion to the input. */
export async function isLinear<T>(
  make: (size: number) => T,
  run: (input: T) => unknown,
  size = 3_000,
): Promise<boolean> {
  return (await growth(make, run, size)) <= LIMIT;
}

async function time<T>(run: (input: T) => unknown, input: T): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    await run(input);
    least = Math.min(least, performance.now() - start);
  }
  return least;
}
