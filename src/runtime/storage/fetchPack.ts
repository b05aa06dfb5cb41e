/** A pack on a static host: its manifest, one shard, or many over several connections. Every shard is verified. */
import { parseBoundedJson } from '../../shared/boundedJson';
import { RoundsError } from '../../shared/errors';
import { MANIFEST_FILE, type PackManifest, type PackShard } from '../../shared/pack';
import { parseManifest } from '../../shared/packManifest';
import type { JobDetail } from '../../shared/jobDetail';
import { retry, RetryableError } from '../../shared/retry';
import { sha256Hex } from '../../shared/sha256';
import { serialQueue } from '../ort/serialQueue';
import { fetchBytes, type FetchOptions } from './fetchBytes';

/** pack.json of a 3B model has 0.1 MB; a model that runs in a browser never comes near this. */
const MAX_MANIFEST_BYTES = 32 * 1024 * 1024;
/** More would not fill a link better, and each holds a shard in memory. */
const CONNECTIONS = 3;
/** A shard that arrives complete but wrong is fetched again at once: something between here and the host may have damaged it. */
const DAMAGED_POLICY = { attempts: 3, firstDelayMs: 0, maxDelayMs: 0 };

export interface PackText {
  manifest: PackManifest;
  /** pack.json, byte for byte. */
  text: string;
  /** Its SHA-256. */
  hash: string;
}

/** Address of a pack's folder, with the slash that file names are appended to. */
export function packBase(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}

/** @throws RoundsError download_failed, host_unreachable, download_blocked, pack_invalid, aborted */
export async function fetchManifest(base: string, options: FetchOptions = {}): Promise<PackText> {
  const bytes = await fetchBytes(base + MANIFEST_FILE, {
    cache: 'no-cache',
    maxBytes: MAX_MANIFEST_BYTES,
    firstContact: true,
    ...options,
  });
  return readManifest(bytes);
}

/** @throws RoundsError pack_invalid */
export async function readManifest(bytes: Uint8Array<ArrayBuffer>): Promise<PackText> {
  const { text, json } = decodeJson(bytes);
  return { manifest: soundManifest(json), text, hash: await sha256Hex(bytes) };
}

function soundManifest(json: unknown): PackManifest {
  try {
    return parseManifest(json);
  } catch (thrown) {
    throw RoundsError.from(thrown, 'pack_invalid');
  }
}

function decodeJson(bytes: Uint8Array): { text: string; json: unknown } {
  try {
    // Bytes that aren't UTF-8, or begin with a byte order mark, could not be returned unchanged.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (text.startsWith('\ufeff')) notJson();
    return { text, json: parseBoundedJson(bytes, MANIFEST_FILE, { maxBytes: MAX_MANIFEST_BYTES }, invalid) };
  } catch (thrown) {
    if (thrown instanceof RoundsError && !thrown.message.includes('not valid JSON')) throw thrown;
    return notJson(thrown);
  }
}

function notJson(cause?: unknown): never {
  throw new RoundsError('pack_invalid', 'pack.json is not JSON; the address may not be that of a pack.', {
    cause,
  });
}

function invalid(message: string): never {
  throw new RoundsError('pack_invalid', message);
}

/**
 * One shard, verified.
 * @throws RoundsError download_failed, integrity_mismatch, aborted
 */
export async function fetchShard(
  base: string,
  shard: PackShard,
  options: FetchOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, waitForNetwork, onWait } = options;
  const fetchIntact = async (attempt: number): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = await fetchBytes(base + shard.file, {
      ...options,
      cache: attempt === 1 ? 'no-store' : 'reload',
      expectedBytes: shard.size,
    });
    if (await isIntact(bytes, shard)) return bytes;
    throw new RetryableError(
      { code: 'damaged', params: { file: shard.file } },
      `${shard.file} is damaged: its SHA-256 is not the one in pack.json.`,
    );
  };
  try {
    return await retry(fetchIntact, {
      ...DAMAGED_POLICY,
      signal: signal ?? null,
      waitForNetwork: waitForNetwork === true,
      ...(onWait ? { onWait } : {}),
    });
  } catch (thrown) {
    if (!(thrown instanceof RetryableError)) throw thrown;
    throw new RoundsError('integrity_mismatch', thrown.message);
  }
}

export async function isIntact(bytes: Uint8Array<ArrayBuffer>, shard: PackShard): Promise<boolean> {
  return bytes.length === shard.size && (await sha256Hex(bytes)) === shard.sha256;
}

export interface ShardDownload {
  base: string;
  shards: readonly PackShard[];
  /** Stores a verified shard; called for one at a time. */
  store: (shard: PackShard, bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** Bytes of these shards that have arrived, unfinished ones included; falls when one is tried again. */
  onBytes?: (received: number) => void;
  onDetail?: (detail: JobDetail) => void;
  fetch?: FetchOptions;
}

/**
 * Fetches shards over a few connections. After a failure no further shard is requested and unfinished ones are dropped;
 * what is stored stays stored.
 * @throws RoundsError download_failed, integrity_mismatch, aborted, and what `store` throws: storage_quota, storage_failed
 */
export async function downloadShards(job: ShardDownload): Promise<void> {
  const abort = new AbortController();
  const outer = job.fetch?.signal;
  const signal = outer ? AbortSignal.any([outer, abort.signal]) : abort.signal;
  const progress = new DownloadProgress(job);
  const write = serialQueue();
  // One iterator for all connections: each takes the next shard when it is free.
  const queue = job.shards.values();
  let failure: unknown;
  const connection = async (): Promise<void> => {
    for (const shard of queue) {
      signal.throwIfAborted();
      const bytes = await fetchShard(job.base, shard, { ...job.fetch, signal, ...progress.hooksOf(shard) });
      await write(() => job.store(shard, bytes));
      progress.finish(shard);
    }
  };
  const connections = Array.from({ length: Math.min(CONNECTIONS, job.shards.length) }, () =>
    connection().catch((error: unknown) => {
      failure ??= error;
      abort.abort();
    }),
  );
  await Promise.all(connections);
  if (failure !== undefined) throw RoundsError.from(failure);
}

class DownloadProgress {
  readonly #job: ShardDownload;
  readonly #underWay = new Map<string, number>();
  #finishedBytes = 0;
  #finished = 0;

  constructor(job: ShardDownload) {
    this.#job = job;
  }

  hooksOf({ file }: PackShard): Pick<FetchOptions, 'onBytes' | 'onWait'> {
    return {
      onBytes: (received) => {
        if (!this.#underWay.has(file)) this.#job.onDetail?.(this.#describe());
        this.#underWay.set(file, received);
        this.#report();
      },
      onWait: (reason, milliseconds) => {
        this.#underWay.delete(file);
        this.#report();
        this.#job.onDetail?.({ code: 'waiting', params: { reason, milliseconds } });
      },
    };
  }

  finish(shard: PackShard): void {
    this.#underWay.delete(shard.file);
    this.#finishedBytes += shard.size;
    this.#finished += 1;
    this.#report();
  }

  #describe(): JobDetail {
    const parts = this.#job.shards.length;
    return { code: 'fetching_part', params: { part: Math.min(this.#finished + 1, parts), parts } };
  }

  #report(): void {
    let received = this.#finishedBytes;
    for (const bytes of this.#underWay.values()) received += bytes;
    this.#job.onBytes?.(received);
  }
}
