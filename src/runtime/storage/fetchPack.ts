/** A pack on a static host: its manifest, one shard, or many over several connections. Nothing unverified comes out. */
import { RoundsError } from '../../shared/errors';
import { MANIFEST_FILE, type PackManifest, type PackShard } from '../../shared/pack';
import { parseManifest } from '../../shared/packManifest';
import { sha256Hex } from '../../shared/sha256';
import { serialQueue } from '../ort/serialQueue';
import { fetchBytes, type FetchOptions } from './fetchBytes';

/** pack.json of a 3B model has 0.1 MB; no model that runs in a browser comes near this. */
const MAX_MANIFEST_BYTES = 32 * 1024 * 1024;
/** More do not fill a link better, and each holds a shard in memory. */
const CONNECTIONS = 3;
/** A shard that arrives whole but wrong is asked for again: what damaged it may lie between here and the host. */
const DAMAGED_TRIES = 3;

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

/** @throws RoundsError download_failed, pack_invalid, aborted */
export async function fetchManifest(base: string, options: FetchOptions = {}): Promise<PackText> {
  const bytes = await fetchBytes(base + MANIFEST_FILE, {
    cache: 'no-cache',
    maxBytes: MAX_MANIFEST_BYTES,
    ...options,
  });
  return readManifest(bytes);
}

/** @throws RoundsError pack_invalid */
export async function readManifest(bytes: Uint8Array<ArrayBuffer>): Promise<PackText> {
  const { text, json } = decodeJson(bytes);
  return { manifest: parseManifest(json), text, hash: await sha256Hex(bytes) };
}

function decodeJson(bytes: Uint8Array): { text: string; json: unknown } {
  try {
    // Bytes that are no UTF-8, or begin with a mark, could not be given back as they were.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text, json: JSON.parse(text) as unknown };
  } catch (cause) {
    throw new RoundsError('pack_invalid', 'pack.json is no JSON; the address may not be that of a pack.', {
      cause,
    });
  }
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
  for (let attempt = 1; ; attempt++) {
    const bytes = await fetchBytes(base + shard.file, {
      ...options,
      cache: attempt === 1 ? 'no-store' : 'reload',
      expectedBytes: shard.size,
    });
    if (await isIntact(bytes, shard)) return bytes;
    if (attempt === DAMAGED_TRIES) break;
    options.onWait?.(`${shard.file} arrived damaged`, 0);
  }
  throw new RoundsError(
    'integrity_mismatch',
    `${shard.file} is damaged: its SHA-256 is not the one in pack.json.`,
  );
}

export async function isIntact(bytes: Uint8Array<ArrayBuffer>, shard: PackShard): Promise<boolean> {
  return bytes.length === shard.size && (await sha256Hex(bytes)) === shard.sha256;
}

export interface ShardDownload {
  base: string;
  shards: readonly PackShard[];
  /** Called with one verified shard at a time. */
  keep: (shard: PackShard, bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** Bytes of these shards that have arrived, also of such that are under way; falls when one is tried again. */
  onBytes?: (received: number) => void;
  /** What is being done, in words. */
  onDetail?: (detail: string) => void;
  fetch?: FetchOptions;
}

/**
 * Fetches shards over a few connections. After a failure no shard is asked for any more, those under way are
 * dropped, and what was kept stays kept.
 * @throws RoundsError download_failed, integrity_mismatch, aborted, and what `keep` throws: storage_quota, storage_failed
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
      await write(() => job.keep(shard, bytes));
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
        this.#job.onDetail?.(describeWait(reason, milliseconds));
      },
    };
  }

  finish(shard: PackShard): void {
    this.#underWay.delete(shard.file);
    this.#finishedBytes += shard.size;
    this.#finished += 1;
    this.#report();
  }

  #describe(): string {
    const number = Math.min(this.#finished + 1, this.#job.shards.length);
    return `Fetching part ${number} of ${this.#job.shards.length}`;
  }

  #report(): void {
    let received = this.#finishedBytes;
    for (const bytes of this.#underWay.values()) received += bytes;
    this.#job.onBytes?.(received);
  }
}

function describeWait(reason: string, milliseconds: number | null): string {
  const why = reason.charAt(0).toUpperCase() + reason.slice(1);
  if (milliseconds === null) return `${why}; waiting until it is back`;
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds > 1 ? `${why}; trying again in ${seconds} seconds` : `${why}; trying again`;
}
