/** Puts the pack's byte stream together, shard by shard: hashes each one that is whole and hands it on. */
import { RoundsError } from '../shared/errors';
import { SHARD_BYTES, type PackShard, type Span } from '../shared/pack';
import { sha256Hex } from '../shared/sha256';

/** Spans start at multiples of this: every typed array can view them, and a GPU can copy them. */
export const SPAN_ALIGNMENT = 64;

/** Where a pack goes. Nothing may be visible as a pack before writeManifest has returned. */
export interface PackSink {
  /** The sink may keep `bytes`, a whole buffer of its own. */
  writeShard(file: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Called last: with it the pack is complete. */
  writeManifest(json: string): Promise<void>;
  /** The conversion failed: removes what is of no use, or keeps the finished shards for another attempt. */
  abort(): Promise<void>;
}

export function alignUp(offset: number): number {
  return Math.ceil(offset / SPAN_ALIGNMENT) * SPAN_ALIGNMENT;
}

export function shardName(index: number): string {
  return `shard-${String(index).padStart(5, '0')}.bin`;
}

/** Some bytes and their place in the pack's stream. */
export interface Piece {
  offset: number;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface AssemblerOptions {
  /** Length of the whole stream. */
  totalBytes: number;
  /** Everything that will be put; what lies between is zero. */
  spans: readonly Span[];
  shardBytes?: number;
  /** Shards of an earlier attempt: what falls into them is passed over. */
  finished?: readonly PackShard[];
  /** After a shard was written. `kept`: pieces that `putKept` brought since the last shard, for shards that are not whole yet. */
  onShard?: (shard: PackShard, kept: Piece[]) => Promise<void>;
}

/**
 * Takes bytes at any place of the stream. A shard is hashed and written once all of its bytes are there, so only
 * those that are begun are in memory: the one that is being filled, and those that wait for a tensor's scales.
 */
export class ShardAssembler {
  readonly #sink: PackSink;
  readonly #options: AssemblerOptions;
  readonly #shardBytes: number;
  /** Bytes that each shard still waits for. */
  readonly #missing: number[];
  /** Bytes of each shard that are in no span. */
  readonly #zeros: number[];
  readonly #open = new Map<number, Uint8Array<ArrayBuffer>>();
  readonly #shards = new Map<number, PackShard>();
  #kept: Piece[] = [];
  #doneBytes = 0;

  constructor(sink: PackSink, options: AssemblerOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#shardBytes = options.shardBytes ?? SHARD_BYTES;
    this.#missing = Array.from({ length: Math.ceil(options.totalBytes / this.#shardBytes) }, () => 0);
    for (const { offset, length } of options.spans) {
      for (const [index, from, to] of this.#cut(offset, length)) this.#missing[index]! += to - from;
    }
    this.#zeros = this.#missing.map((missing, index) => this.#sizeOf(index) - missing);
    for (const shard of options.finished ?? []) this.#accept(shard);
  }

  /** Bytes of the stream that are in finished shards or were put; `totalBytes` once every shard is written. */
  get doneBytes(): number {
    return this.#doneBytes;
  }

  /** Does all of it lie in shards that are written? */
  isFinished({ offset, length }: Span): boolean {
    return this.#cut(offset, length).every(([index]) => this.#shards.has(index));
  }

  /** Each byte of the planned spans is put once; bytes of finished shards may be put or left out. */
  async put(offset: number, bytes: Uint8Array): Promise<void> {
    for (const [index, from, to] of this.#cut(offset, bytes.length)) {
      if (this.#shards.has(index)) continue;
      this.#fill(index, from, bytes.subarray(from - offset, to - offset));
      if (this.#missing[index] === 0) await this.#finish(index);
    }
  }

  /** As `put`, for bytes far ahead of the rest: `onShard` is given them too, so that they need not be made again. */
  async putKept(piece: Piece): Promise<void> {
    if (!this.isFinished({ offset: piece.offset, length: piece.bytes.length })) this.#kept.push(piece);
    await this.put(piece.offset, piece.bytes);
  }

  /** @returns all shards in order, once every planned byte was put */
  finish(): PackShard[] {
    return Array.from(this.#missing, (missing, index) => {
      const shard = this.#shards.get(index);
      if (shard) return shard;
      throw new RoundsError('internal', `${shardName(index)} lacks ${missing} of its planned bytes.`);
    });
  }

  #fill(index: number, from: number, bytes: Uint8Array): void {
    let buffer = this.#open.get(index);
    if (!buffer) this.#open.set(index, (buffer = new Uint8Array(this.#sizeOf(index))));
    buffer.set(bytes, from - index * this.#shardBytes);
    this.#missing[index]! -= bytes.length;
    this.#doneBytes += bytes.length;
    if (this.#missing[index]! < 0) {
      throw new RoundsError('internal', `${shardName(index)} was given more bytes than were planned.`);
    }
  }

  async #finish(index: number): Promise<void> {
    const bytes = this.#open.get(index)!;
    this.#open.delete(index);
    const shard = { file: shardName(index), size: bytes.length, sha256: await sha256Hex(bytes) };
    await this.#sink.writeShard(shard.file, bytes);
    this.#shards.set(index, shard);
    this.#doneBytes += this.#zeros[index]!;
    const kept = this.#kept.filter(
      (piece) => !this.isFinished({ offset: piece.offset, length: piece.bytes.length }),
    );
    this.#kept = [];
    await this.#options.onShard?.(shard, kept);
  }

  /** A shard of another plan has another name or size, and is made again. */
  #accept(shard: PackShard): void {
    const index = this.#missing.findIndex((_, i) => shardName(i) === shard.file);
    if (index < 0 || shard.size !== this.#sizeOf(index)) return;
    this.#shards.set(index, shard);
    this.#doneBytes += shard.size;
  }

  #sizeOf(index: number): number {
    return Math.min(this.#shardBytes, this.#options.totalBytes - index * this.#shardBytes);
  }

  /** The parts of a range that lie in one shard each: [shard, from, to). */
  #cut(offset: number, length: number): [number, number, number][] {
    const end = offset + length;
    if (end > this.#options.totalBytes) {
      throw new RoundsError('internal', `Bytes up to ${end} do not fit into ${this.#options.totalBytes}.`);
    }
    const parts: [number, number, number][] = [];
    for (let from = offset; from < end;) {
      const index = Math.floor(from / this.#shardBytes);
      const to = Math.min(end, (index + 1) * this.#shardBytes);
      parts.push([index, from, to]);
      from = to;
    }
    return parts;
  }
}
