/** Runs jobs one after another; a failed job does not fail the next. onnxruntime-web cannot run two at once. */
export function serialQueue(): <T>(job: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve();
  return <T>(job: () => Promise<T>): Promise<T> => {
    const run = tail.catch(() => undefined).then(job);
    tail = run;
    return run;
  };
}
