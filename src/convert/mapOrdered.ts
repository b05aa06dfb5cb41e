/**
 * Runs `work` on up to `limit` items at once and yields the results in the order of the items, whatever their timing.
 * After a failure no further item is started.
 */
export async function* mapOrdered<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<[T, R]> {
  const iterator = items[Symbol.iterator]();
  const pending: { item: T; result: Promise<R> }[] = [];
  const refill = (): void => {
    while (pending.length < Math.max(1, limit)) {
      const next = iterator.next();
      if (next.done) return;
      const result = work(next.value);
      // A later item may fail while an earlier one is awaited; the error is thrown when the later one is awaited.
      result.catch(() => {});
      pending.push({ item: next.value, result });
    }
  };
  refill();
  for (let first = pending.shift(); first; first = pending.shift()) {
    const result = await first.result;
    refill();
    yield [first.item, result];
  }
}
