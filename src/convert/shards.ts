/** Assembles the pack's byte stream into shards: hashes each complete shard and writes it to the sink. */
import { RoundsError } from '../shared/errors';
import { SHARD_BYTES, type PackShard, type Span } from '../shared/pack';
import { sha256Hex } from '../shared/sha256';

/** Spans start at multiples of 64 bytes, so that typed arrays can view them and GPUs can copy them. */
const SPAN_ALIGNMENT = 64;

/** The destination of a pack. It must not be visible as a pack before writeManifest has returned. */
export interface PackSink {
  /** The sink may keep `bytes`, which is not used again. */
  writeShard(file: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Called last, when all shards are written. */
  writeManifest(json: string): Promise<void>;
  /** Called if the conversion fails. Removes the shards, or keeps the finished ones so that it can be resumed. */
  abort(): Promise<void>;
}

export function alignUp(offset: number): number {
  return Math.ceil(offset / SPAN_ALIGNMENT) * SPAN_ALIGNMENT;
}

export function shardName(index: number): string {
  return `shard-${String(index).padStart(5, '0')}.bin`;
}

/** Some bytes and their offset in the pack's byte stream. */
export interface Piece {
  offset: number;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface AssemblerOptions {
  /** Length of the whole byte stream. */
  totalBytes: number;
  /** All spans that will be put. Bytes between them are zero. */
  spans: readonly Span[];
  shardBytes?: number;
  /** Shards of an earlier attempt. Bytes that fall into them are ignored. */
  finished?: readonly PackShard[];
  /**
   * Called after each shard is written. `pieces`: those passed to `putCheckpointed` since the previous call that are
   * not in a finished shard yet.
   */
  onShard?: (shard: PackShard, pieces: Piece[]) => Promise<void>;
}

/**
 * Accepts bytes at any offset of the stream. A shard is hashed and written as soon as it is complete, so only
 * incomplete shards are in memory: the one being filled, and those that wait for a tensor's scales.
 */
export class ShardAssembler {
  readonly #sink: PackSink;
  readonly #options: AssemblerOptions;
  readonly #shardBytes: number;
  /** Bytes of each shard that have not been put yet. */
  readonly #missing: number[];
  /** Bytes of each shard that are not in any span. */
  readonly #zeros: number[];
  readonly #open = new Map<number, Uint8Array<ArrayBuffer>>();
  readonly #shards = new Map<number, PackShard>();
  #checkpointed: Piece[] = [];
  #doneBytes = 0;

  constructor(sink: PackSink, options: AssemblerOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#shardBytes = options.shardBytes ?? SHARD_BYTES;
    this.#missing = Array.from({ length: Math.ceil(options.totalBytes / this.#shardBytes) }, () => 0);
    for (const { offset, length } of options.spans) {
      for (const [index, from, to] of this.#split(offset, length)) this.#missing[index]! += to - from;
    }
    this.#zeros = this.#missing.map((missing, index) => this.#sizeOf(index) - missing);
    for (const shard of options.finished ?? []) this.#accept(shard);
  }

  /** Bytes of the stream that are in finished shards or were put; equals `totalBytes` when every shard is written. */
  get doneBytes(): number {
    return this.#doneBytes;
  }

  /** Whether the whole span is in shards that are written. */
  isFinished({ offset, length }: Span): boolean {
    return this.#split(offset, length).every(([index]) => this.#shards.has(index));
  }

  /** Each byte of the planned spans must be put once; bytes of finished shards may be put or omitted. */
  async put(offset: number, bytes: Uint8Array): Promise<void> {
    for (const [index, from, to] of this.#split(offset, bytes.length)) {
      if (this.#shards.has(index)) continue;
      this.#fill(index, from, bytes.subarray(from - offset, to - offset));
      if (this.#missing[index] === 0) await this.#finish(index);
    }
  }

  /**
   * Like `put`, for bytes whose shard is completed much later: they are also passed to `onShard`, so that a resumed
   * conversion does not have to compute them again.
   */
  async putCheckpointed(piece: Piece): Promise<void> {
    if (!this.isFinished({ offset: piece.offset, length: piece.bytes.length }))
      this.#checkpointed.push(piece);
    await this.put(piece.offset, piece.bytes);
  }

  /**
   * @returns all shards in order
   * @throws RoundsError internal if a planned byte is missing
   */
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
    const pieces = this.#checkpointed.filter(
      (piece) => !this.isFinished({ offset: piece.offset, length: piece.bytes.length }),
    );
    this.#checkpointed = [];
    await this.#options.onShard?.(shard, pieces);
  }

  /** A shard of another plan has a different name or size. It is ignored and made again. */
  #accept(shard: PackShard): void {
    const index = this.#missing.findIndex((_, i) => shardName(i) === shard.file);
    if (index < 0 || shard.size !== this.#sizeOf(index)) return;
    this.#shards.set(index, shard);
    this.#doneBytes += shard.size;
  }

  #sizeOf(index: number): number {
    return Math.min(this.#shardBytes, this.#options.totalBytes - index * this.#shardBytes);
  }

  /** Splits a range at shard boundaries: [shard index, from, to). */
  #split(offset: number, length: number): [number, number, number][] {
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
