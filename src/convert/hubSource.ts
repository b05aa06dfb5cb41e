/**
 * A checkpoint on the Hugging Face hub, read with fetch and range requests, in Node and in the browser. The revision
 * is resolved to a commit once, and every file is read at that commit.
 */
import { parseBoundedJson } from '../shared/boundedJson';
import { RoundsError } from '../shared/errors';
import {
  FIRST_CONTACT_MS,
  firstContactAttempts,
  isConnectionFailure,
  unreachable,
} from '../shared/hostProbe';
import { fullName, parseHubName, type HubName } from '../shared/hubName';
import { retry, RetryableError, retryAfterMs, type RetryPolicy } from '../shared/retry';
import { SegmentCache } from './segmentCache';
import type { BlobLike, CheckpointSource } from './source';

export interface HubOptions extends Pick<RetryPolicy, 'waitForNetwork' | 'onWait'> {
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
/** The list of a repository's files. */
const MAX_INFO_BYTES = 16_000_000;
const MAX_SUGGESTIONS = 8;

/**
 * Opens a model repository on the hub, or a folder of it.
 * @throws RoundsError download_failed if it does not exist or may not be read; host_unreachable, download_blocked if the
 *   hub can't be read; folder_needed if the models are in other folders, whose names the message has
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
  const paths = siblings
    .map((entry) => (entry as { rfilename?: unknown } | null)?.rfilename)
    .filter((file): file is string => typeof file === 'string');
  const folder = name.folder ? `${name.folder}/` : '';
  const files = paths
    .filter((path) => path.startsWith(folder))
    .map((path) => path.slice(folder.length))
    .filter((file) => !file.includes('/'));
  if (!files.includes('config.json')) suggestFolder(name, paths);
  const base = `/${name.repo}/resolve/${sha}/${folder.split('/').map(encodeURIComponent).join('/')}`;
  return {
    name: fullName(name),
    revision: sha,
    license: cardLicense(cardData),
    list: () => Promise.resolve([...files].sort()),
    open: async (file) => (files.includes(file) ? client.open(base + encodeURIComponent(file), file) : null),
  };
}

/** Says where the models of a repository are. Returns if there is none; the missing file is then reported as usual. */
function suggestFolder(name: HubName, paths: readonly string[]): void {
  const inFolders = paths.flatMap((path) => /^(.+)\/config\.json$/.exec(path)?.[1] ?? []);
  const folders = inFolders.filter((folder) => parseHubName(`${name.repo}/${folder}`) !== null).sort();
  const [first] = folders;
  if (first === undefined) return;
  const more = folders.length > MAX_SUGGESTIONS ? `, and ${folders.length - MAX_SUGGESTIONS} more` : '';
  throw new RoundsError(
    'folder_needed',
    `${fullName(name)} has no config.json. Name one of its folders that have one, for example ${name.repo}/${first}: ${folders.slice(0, MAX_SUGGESTIONS).join(', ')}${more}.`,
  );
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
  /** Before the first answer a missing network is said at once; after it, it is waited for. */
  #hasAnswered = false;

  constructor(options: HubOptions) {
    this.#endpoint = (options.endpoint ?? 'https://huggingface.co').replace(/\/+$/, '');
    this.#options = options;
  }

  json(path: string): Promise<unknown> {
    return this.#request(path, null, async (response) => {
      if (response.status !== 200) throw await refusal(response, path);
      return parseInfo(await readAtMost(response, MAX_INFO_BYTES), path);
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

  /** A host that never answered is waited for only shortly. */
  #abortedBy(signal: AbortSignal | undefined): { signal?: AbortSignal } {
    if (this.#hasAnswered) return signal ? { signal } : {};
    const timeout = AbortSignal.timeout(FIRST_CONTACT_MS);
    return { signal: signal ? AbortSignal.any([signal, timeout]) : timeout };
  }

  async #readRange(path: string, file: string, start: number, end: number): Promise<ArrayBuffer> {
    return this.#request(path, `bytes=${start}-${end - 1}`, async (response) => {
      // The file was opened before, so the signed address behind the hub's redirect has expired.
      const { status } = response;
      if (EXPIRED.has(status)) {
        const reason = { code: 'redirect_status', params: { status } } as const;
        throw new RetryableError(reason, `${file}: the server answered ${status}`);
      }
      // Status 200 means the whole file from byte 0, which may be gigabytes.
      if (response.status !== 206) throw await refusal(response, file);
      const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
      const bytes = await response.arrayBuffer();
      if (bytes.byteLength !== end - start || (range && Number(range[1]) !== start)) {
        const params = { received: bytes.byteLength, expected: end - start };
        const message = `${file}: got ${params.received} bytes instead of ${params.expected}`;
        throw new RetryableError({ code: 'wrong_length', params }, message);
      }
      return bytes;
    });
  }

  /** One request, tried again after network failures, cut answers, 429 and 5xx. RoundsErrors of `read` are final. */
  async #request<T>(
    path: string,
    range: string | null,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { signal, retryMs = 500, waitForNetwork, onWait } = this.#options;
    try {
      return await retry(() => this.#attempt(path, range, read), {
        attempts: (failure) =>
          isConnectionFailure(failure) && !this.#hasAnswered ? firstContactAttempts(failure) : MAX_ATTEMPTS,
        firstDelayMs: retryMs,
        maxDelayMs: MAX_RETRY_MS,
        retryAfter: 'lengthens',
        signal: signal ?? null,
        waitForNetwork: () => waitForNetwork === true && this.#hasAnswered,
        ...(onWait ? { onWait } : {}),
      });
    } catch (thrown) {
      if (!(thrown instanceof RetryableError)) throw thrown;
      if (thrown.cause instanceof RoundsError) throw thrown.cause;
      if (isConnectionFailure(thrown)) throw await unreachable(this.#endpoint + path, thrown, signal);
      throw new RoundsError(
        'download_failed',
        `${this.#endpoint}${path} could not be read. Check the connection and the hub's address (HF_ENDPOINT on the command line).`,
        { cause: thrown.cause ?? thrown },
      );
    }
  }

  /** @throws RetryableError where another request may help; its cause, if a RoundsError, is what to report in the end */
  async #attempt<T>(
    path: string,
    range: string | null,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { signal, token, fetch: fetchOnce = fetch } = this.#options;
    const headers: Record<string, string> = {
      // Ranges count bytes as stored. Browsers set this header themselves, to the same effect.
      'Accept-Encoding': 'identity',
      ...(range ? { Range: range } : {}),
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    };
    try {
      const response = await fetchOnce(this.#endpoint + path, {
        headers,
        // Gigabytes of weights, and redirects to addresses that run out, don't belong in a cache.
        cache: 'no-store',
        ...this.#abortedBy(signal),
      });
      this.#hasAnswered = true;
      if (response.status === 429 || response.status >= 500) throw await busy(response, path);
      return await read(response);
    } catch (thrown) {
      if (thrown instanceof RoundsError || thrown instanceof RetryableError) throw thrown;
      const isSilent = thrown instanceof Error && thrown.name === 'TimeoutError';
      const reason = { code: isSilent ? 'connection_stalled' : 'connection_failed' } as const;
      throw new RetryableError(reason, `${path}: the connection failed`, { cause: thrown });
    }
  }
}

/** @throws RoundsError download_failed */
function parseInfo(bytes: Uint8Array, path: string): unknown {
  return parseBoundedJson(bytes, `The hub's answer to ${path}`, { maxBytes: MAX_INFO_BYTES }, (message) => {
    throw new RoundsError('download_failed', message);
  });
}

/** The body, or its first bytes if it has more than `limit`. */
async function readAtMost(response: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const reader = response.body?.getReader();
  for (let size = 0, next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    chunks.push(next.value);
    size += next.value.length;
    if (size > limit) {
      await reader?.cancel();
      break;
    }
  }
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

async function busy(response: Response, path: string): Promise<RetryableError> {
  const { status, headers } = response;
  return new RetryableError({ code: 'server_status', params: { status } }, `the server answered ${status}`, {
    cause: await refusal(response, path),
    retryAfterMs: retryAfterMs(headers, MAX_RETRY_MS),
  });
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
