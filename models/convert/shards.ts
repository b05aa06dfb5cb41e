/** Cuts the pack's byte stream into shards, hashes each and hands it on. */
import { sha256Hex } from '../../src/shared/sha256';
import { RoundsError } from '../../src/shared/errors';
import { SHARD_BYTES, type PackShard } from '../../src/shared/pack';

/** Spans start at multiples of this: every typed array can view them, and a GPU can copy them. */
export const SPAN_ALIGNMENT = 64;

/** Where a pack goes. Nothing may be visible as a pack before writeManifest has returned. */
export interface PackSink {
  writeShard(file: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Called last: with it the pack is complete. */
  writeManifest(json: string): Promise<void>;
  /** Removes everything written so far. */
  abort(): Promise<void>;
}

export function alignUp(offset: number): number {
  return Math.ceil(offset / SPAN_ALIGNMENT) * SPAN_ALIGNMENT;
}

export function shardName(index: number): string {
  return `shard-${String(index).padStart(5, '0')}.bin`;
}

export class ShardWriter {
  readonly #sink: PackSink;
  readonly #shards: PackShard[] = [];
  readonly #shardBytes: number;
  readonly #totalBytes: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #filled = 0;
  #position = 0;

  /** @param totalBytes length of the whole stream, known from the plan */
  constructor(sink: PackSink, totalBytes: number, shardBytes = SHARD_BYTES) {
    this.#sink = sink;
    this.#totalBytes = totalBytes;
    this.#shardBytes = shardBytes;
    this.#buffer = this.#nextBuffer();
  }

  /** Zero-fills up to `offset`, where the next span starts. */
  async seek(offset: number): Promise<void> {
    if (offset < this.#position) {
      throw new RoundsError(
        'internal',
        `The pack stream is at byte ${this.#position}, past the planned ${offset}.`,
      );
    }
    if (offset > this.#position) await this.write(new Uint8Array(offset - this.#position));
  }

  async write(bytes: Uint8Array): Promise<void> {
    let taken = 0;
    while (taken < bytes.length) {
      const count = Math.min(bytes.length - taken, this.#buffer.length - this.#filled);
      if (count === 0)
        throw new RoundsError(
          'internal',
          `The pack stream is longer than the planned ${this.#totalBytes} bytes.`,
        );
      this.#buffer.set(bytes.subarray(taken, taken + count), this.#filled);
      this.#filled += count;
      this.#position += count;
      taken += count;
      if (this.#filled === this.#buffer.length) await this.#flush();
    }
  }

  /** @returns the shards, once every planned byte was written */
  finish(): PackShard[] {
    if (this.#position !== this.#totalBytes) {
      throw new RoundsError(
        'internal',
        `The pack stream ended at byte ${this.#position} of ${this.#totalBytes}.`,
      );
    }
    return this.#shards;
  }

  async #flush(): Promise<void> {
    const file = shardName(this.#shards.length);
    const sha256 = await sha256Hex(this.#buffer);
    await this.#sink.writeShard(file, this.#buffer);
    this.#shards.push({ file, size: this.#buffer.length, sha256 });
    this.#buffer = this.#nextBuffer();
    this.#filled = 0;
  }

  /** A fresh buffer for each shard: the sink may keep the last one. */
  #nextBuffer(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(Math.min(this.#shardBytes, this.#totalBytes - this.#position));
  }
}
