/** Reads spans of a pack, holding at most two shards in memory; each is verified when it is read for the first time. */
import { RoundsError } from '../../shared/errors';
import { SHARD_BYTES, type PackManifest, type PackShard, type Span } from '../../shared/pack';

/** The current one and its neighbour: spans are read nearly in order. */
const OPEN_SHARDS = 2;

/** Bytes of a shard. `isVerified`: its SHA-256 was compared before, in this reader's life. */
export type ReadShard = (shard: PackShard, isVerified: boolean) => Promise<Uint8Array<ArrayBuffer>>;

export class ShardReader {
  readonly #manifest: PackManifest;
  readonly #readShard: ReadShard;
  readonly #onVerified: (verified: number) => void;
  /** Every shard but the last has this size. */
  readonly #shardBytes: number;
  /** In order of last use. Promises, so that reads which overlap in time load a shard once. */
  readonly #open = new Map<number, Promise<Uint8Array<ArrayBuffer>>>();
  readonly #verified = new Set<number>();

  /** @param onVerified number of shards that are verified so far, after each */
  constructor(manifest: PackManifest, readShard: ReadShard, onVerified: (verified: number) => void) {
    this.#manifest = manifest;
    this.#readShard = readShard;
    this.#onVerified = onVerified;
    this.#shardBytes = manifest.shards[0]?.size ?? SHARD_BYTES;
  }

  /**
   * A fresh copy of a span's bytes.
   * @throws RoundsError pack_invalid, and what reading a shard throws
   */
  async read(span: Span): Promise<Uint8Array<ArrayBuffer>> {
    const result = new Uint8Array(span.length);
    let done = 0;
    while (done < span.length) {
      const position = span.offset + done;
      const index = Math.floor(position / this.#shardBytes);
      const shard = await this.#shard(index);
      const from = position - index * this.#shardBytes;
      const count = Math.min(span.length - done, shard.length - from);
      if (count <= 0) throw new RoundsError('pack_invalid', 'A tensor lies outside the shards.');
      result.set(shard.subarray(from, from + count), done);
      done += count;
    }
    return result;
  }

  #shard(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = this.#open.get(index) ?? this.#load(index);
    // Failures are not cached; those who wait for the shard see them.
    bytes.catch(() => this.#open.get(index) === bytes && this.#open.delete(index));
    this.#open.delete(index);
    this.#open.set(index, bytes);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= OPEN_SHARDS) break;
      this.#open.delete(oldest);
    }
    return bytes;
  }

  async #load(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const shard = this.#manifest.shards[index];
    if (!shard) throw new RoundsError('pack_invalid', 'A tensor lies outside the shards.');
    const bytes = await this.#readShard(shard, this.#verified.has(index));
    if (!this.#verified.has(index)) {
      this.#verified.add(index);
      this.#onVerified(this.#verified.size);
    }
    return bytes;
  }
}
