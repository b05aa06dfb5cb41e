/**
 * A checkpoint on the Hugging Face hub, read with fetch and range requests, in Node and in the browser. The revision
 * is resolved to a commit once, and every file is read at that commit.
 */
import { RoundsError } from '../shared/errors';
import { SegmentCache } from './segmentCache';
import type { BlobLike, CheckpointSource } from './source';

export interface HubName {
  /** `org/name`. */
  repo: string;
  revision: string;
}

export interface HubOptions {
  /** HF_ENDPOINT; default https://huggingface.co. */
  endpoint?: string;
  /** HF_TOKEN, for gated or private models. */
  token?: string;
  signal?: AbortSignal;
  fetch?: typeof fetch;
  /** Milliseconds before the first retry, doubled for each further one; for tests. */
  retryMs?: number;
}

const MAX_ATTEMPTS = 5;
const MAX_RETRY_MS = 30_000;
/** What storage answers when a signed address has expired. The hub issues a new address for each request. */
const EXPIRED = new Set([400, 401, 403, 410]);
/** A server may answer a range request with the whole file. This is accepted for small files only. */
const MAX_WHOLE_BYTES = 64_000_000;

/** Parses `org/name[@revision]`; null if `text` is not such a name. */
export function parseHubName(text: string): HubName | null {
  const match = /^([\w][\w.-]*\/[\w][\w.-]*)(?:@([\w][\w./-]*))?$/.exec(text);
  return match?.[1] ? { repo: match[1], revision: match[2] ?? 'main' } : null;
}

/**
 * Opens a model repository on the hub.
 * @throws RoundsError download_failed if it cannot be reached, does not exist or may not be read
 */
export async function openHub(name: HubName, options: HubOptions = {}): Promise<CheckpointSource> {
  const client = new HubClient(options);
  const info = await client.json(`/api/models/${name.repo}/revision/${encodeURIComponent(name.revision)}`);
  const { sha, siblings, cardData } = (info ?? {}) as {
    sha?: unknown;
    siblings?: unknown;
    cardData?: unknown;
  };
  if (typeof sha !== 'string' || !/^[0-9a-f]{7,64}$/.test(sha) || !Array.isArray(siblings)) {
    throw new RoundsError(
      'download_failed',
      `The hub's answer for ${name.repo} has no commit or file list. Check the hub's address (HF_ENDPOINT on the command line).`,
    );
  }
  const files = siblings
    .map((entry) => (entry as { rfilename?: unknown } | null)?.rfilename)
    .filter((file): file is string => typeof file === 'string' && !file.includes('/'));
  return {
    name: name.repo,
    revision: sha,
    license: cardLicense(cardData),
    list: () => Promise.resolve([...files].sort()),
    open: async (file) =>
      files.includes(file)
        ? client.open(`/${name.repo}/resolve/${sha}/${encodeURIComponent(file)}`, file)
        : null,
  };
}

function cardLicense(cardData: unknown): string | null {
  const { license, license_name: named } = (cardData ?? {}) as { license?: unknown; license_name?: unknown };
  if (license === 'other' && typeof named === 'string') return named.slice(0, 200);
  return typeof license === 'string' ? license.slice(0, 200) : null;
}

class HubClient {
  readonly #endpoint: string;
  readonly #options: HubOptions;
  readonly #cache = new SegmentCache();

  constructor(options: HubOptions) {
    this.#endpoint = (options.endpoint ?? 'https://huggingface.co').replace(/\/+$/, '');
    this.#options = options;
  }

  json(path: string): Promise<unknown> {
    return this.#request(path, null, async (response) => {
      if (response.status !== 200) throw await refusal(response, path);
      return (await response.json()) as unknown;
    });
  }

  /** Requests the first byte: the answer contains the file's size and shows whether ranges are supported. */
  open(path: string, file: string): Promise<BlobLike> {
    return this.#request(path, 'bytes=0-0', async (response) => {
      if (response.status === 416) return new Blob([]);
      if (response.status === 200) return readWhole(response, file);
      if (response.status !== 206) throw await refusal(response, file);
      const size = Number(/^bytes 0-0\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? NaN);
      await response.arrayBuffer();
      if (!Number.isSafeInteger(size)) {
        throw new RoundsError(
          'download_failed',
          `The hub does not report the size of ${file}. Download the repository and convert the folder.`,
        );
      }
      return this.#cache.open(size, (start, end) => this.#readRange(path, file, start, end));
    });
  }

  async #readRange(path: string, file: string, start: number, end: number): Promise<ArrayBuffer> {
    return this.#request(path, `bytes=${start}-${end - 1}`, async (response) => {
      // The file was opened before, so the signed address behind the hub's redirect has expired.
      if (EXPIRED.has(response.status))
        throw new TypeError(`${file}: the server answered ${response.status}`);
      // Status 200 means the whole file from byte 0, which may be gigabytes.
      if (response.status !== 206) throw await refusal(response, file);
      const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
      const bytes = await response.arrayBuffer();
      if (bytes.byteLength !== end - start || (range && Number(range[1]) !== start)) {
        throw new TypeError(`${file}: got ${bytes.byteLength} of the ${end - start} requested bytes`);
      }
      return bytes;
    });
  }

  /** One request with retries. Errors of ours are final; network failures, cut answers, 429 and 5xx are tried again. */
  async #request<T>(
    path: string,
    range: string | null,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { signal, token, retryMs = 500 } = this.#options;
    const headers: Record<string, string> = {
      // Ranges count bytes as stored. Browsers set this header themselves, to the same effect.
      'Accept-Encoding': 'identity',
      ...(range ? { Range: range } : {}),
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    };
    for (let attempt = 1; ; attempt++) {
      let wait = Math.min(retryMs * 2 ** (attempt - 1), MAX_RETRY_MS);
      try {
        const response = await (this.#options.fetch ?? fetch)(this.#endpoint + path, {
          headers,
          // Neither gigabytes of weights nor the hub's redirects to addresses that run out belong into a cache.
          cache: 'no-store',
          ...(signal ? { signal } : {}),
        });
        if (response.status !== 429 && response.status < 500) return await read(response);
        wait = Math.max(
          wait,
          Math.min(Number(response.headers.get('retry-after')) * 1000 || 0, MAX_RETRY_MS),
        );
        await response.body?.cancel();
        if (attempt === MAX_ATTEMPTS) throw await refusal(response, path);
      } catch (thrown) {
        if (thrown instanceof RoundsError || signal?.aborted) throw RoundsError.from(thrown);
        if (attempt === MAX_ATTEMPTS) {
          throw new RoundsError(
            'download_failed',
            `${this.#endpoint}${path} could not be read. Check the connection and the hub's address (HF_ENDPOINT on the command line).`,
            { cause: thrown },
          );
        }
      }
      await pause(wait, signal);
    }
  }
}

async function readWhole(response: Response, file: string): Promise<Blob> {
  if (Number(response.headers.get('content-length') ?? 0) > MAX_WHOLE_BYTES) {
    await response.body?.cancel();
    throw new RoundsError(
      'download_failed',
      `The server does not support range requests for ${file}. Download the repository and convert the folder.`,
    );
  }
  return response.blob();
}

async function refusal(response: Response, what: string): Promise<RoundsError> {
  if (!response.bodyUsed) await response.body?.cancel();
  const reason =
    response.status === 401 || response.status === 403
      ? 'it is private or gated. Accept its terms on the hub and provide a token (HF_TOKEN on the command line)'
      : response.status === 404
        ? 'there is no such model, revision or file. Check the name'
        : `the server answered ${response.status}. Try again later`;
  return new RoundsError('download_failed', `${what} cannot be read: ${reason}.`);
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(new RoundsError('aborted', 'Stopped.'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
