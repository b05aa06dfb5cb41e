/** Node, where the clients are tested with ports of their own, has no workers of this kind. */
const BrowserWorker =
  (globalThis as { Worker?: typeof Worker }).Worker ?? (class {} as unknown as typeof Worker);

/**
 * A Worker that knows the address of its script. It is imported under the name `Worker`, because the bundler recognizes
 * `new Worker(new URL(…), …)` only, and only the bundler knows the address.
 */
export class NamedWorker extends BrowserWorker {
  readonly address: string;

  constructor(address: URL, options: WorkerOptions) {
    super(address, options);
    this.address = address.href;
  }
}
