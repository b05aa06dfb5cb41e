/**
 * The journal of a conversion, stored next to its shards so that it can continue after any interruption: which shards
 * are complete, and scales that belong into a later one. Written as one record after the shard that it lists, so that it
 * never lists a shard that isn't there.
 */
import { RoundsError } from '../../shared/errors';
import { Fields } from '../../shared/fields';
import type { PackShard } from '../../shared/pack';
import { sha256Hex } from '../../shared/sha256';
import type { FinishedParts } from '../../convert/convert';
import { makeManifest, type ConversionPlan } from '../../convert/plan';
import { shardName, type Piece } from '../../convert/shards';
import type { ShardStore } from '../storage/shardStore';

export const JOURNAL_KEY = 'notes';
const PIECES_PREFIX = 'pieces-';
const MAX_ENTRIES = 100_000;

/** One record of pieces, laid one after the other. */
interface PieceRecord {
  key: string;
  /** Of the record: the note and the record are written one after the other. */
  sha256: string;
  places: { offset: number; length: number }[];
}

interface Entries {
  /** SHA-256 of the plan: what was made for another one is of no use. */
  plan: string;
  shards: PackShard[];
  pieces: PieceRecord[];
}

export class ConversionJournal {
  readonly #store: ShardStore;
  readonly #shardBytes: number;
  readonly #entries: Entries;

  private constructor(store: ShardStore, shardBytes: number, entries: Entries) {
    this.#store = store;
    this.#shardBytes = shardBytes;
    this.#entries = entries;
  }

  /**
   * Reads what an earlier attempt at the same plan has left in `store`.
   * @throws RoundsError storage_failed
   */
  static async open(plan: ConversionPlan, store: ShardStore, shardBytes: number): Promise<ConversionJournal> {
    const hash = await planHash(plan);
    const found = parseEntries(await store.get(JOURNAL_KEY));
    const present = new Set(await store.keys());
    const entries: Entries = found?.plan === hash ? found : { plan: hash, shards: [], pieces: [] };
    entries.shards = entries.shards.filter(({ file }) => present.has(file));
    entries.pieces = entries.pieces.filter(({ key }) => present.has(key));
    return new ConversionJournal(store, shardBytes, entries);
  }

  async finished(): Promise<FinishedParts> {
    const pieces: Piece[] = [];
    for (const { key, sha256, places } of this.#entries.pieces) {
      const record = new Uint8Array((await this.#store.get(key)) ?? new ArrayBuffer(0));
      if ((await sha256Hex(record)) !== sha256) continue;
      let at = 0;
      for (const { offset, length } of places) {
        pieces.push({ offset, bytes: record.subarray(at, at + length) });
        at += length;
      }
    }
    return { shards: [...this.#entries.shards], pieces };
  }

  /** A shard is in the store. `pieces` go there too, then the note; then what waited for this shard is removed. */
  async add(shard: PackShard, pieces: Piece[]): Promise<void> {
    this.#entries.shards.push(shard);
    const records = [...this.#entries.pieces];
    if (pieces.length > 0) records.push(await this.#storePieces(PIECES_PREFIX + shard.file, pieces));
    this.#entries.pieces = records.filter((record) => this.#isWaiting(record));
    await this.#store.set(JOURNAL_KEY, new TextEncoder().encode(JSON.stringify(this.#entries)).buffer);
    for (const record of records) {
      if (!this.#entries.pieces.includes(record)) await this.#store.delete(record.key);
    }
  }

  async #storePieces(key: string, pieces: Piece[]): Promise<PieceRecord> {
    const record = joined(pieces);
    await this.#store.set(key, record.buffer);
    const places = pieces.map(({ offset, bytes }) => ({ offset, length: bytes.length }));
    return { key, sha256: await sha256Hex(record), places };
  }

  #isWaiting({ places }: PieceRecord): boolean {
    const finished = new Set(this.#entries.shards.map(({ file }) => file));
    const isMissing = (at: number): boolean => !finished.has(shardName(Math.floor(at / this.#shardBytes)));
    return places.some(({ offset, length }) => isMissing(offset) || isMissing(offset + length - 1));
  }
}

/** Auxiliary files count by their content: another tokenizer of the same length is another pack. */
async function planHash(plan: ConversionPlan): Promise<string> {
  const files = await Promise.all(plan.files.map(({ bytes }) => sha256Hex(bytes)));
  const text = JSON.stringify([makeManifest(plan, []), files, plan.stamp]);
  return sha256Hex(new TextEncoder().encode(text));
}

/** null where there are none, or none that can be read: then everything is made again. */
function parseEntries(record: ArrayBuffer | undefined): Entries | null {
  if (!record) return null;
  try {
    const root = new Fields(JSON.parse(new TextDecoder().decode(record)), JOURNAL_KEY, (message) => {
      throw new RoundsError('storage_failed', message);
    });
    return {
      plan: root.string('plan', 64),
      shards: root.objects('shards', MAX_ENTRIES).map((shard) => ({
        file: shard.string('file', 100),
        size: shard.integer('size', 0, Number.MAX_SAFE_INTEGER),
        sha256: shard.string('sha256', 64),
      })),
      pieces: root.objects('pieces', MAX_ENTRIES).map((piece) => ({
        key: piece.string('key', 100),
        sha256: piece.string('sha256', 64),
        places: piece.objects('places', MAX_ENTRIES).map((place) => ({
          offset: place.integer('offset', 0, Number.MAX_SAFE_INTEGER),
          length: place.integer('length', 0, Number.MAX_SAFE_INTEGER),
        })),
      })),
    };
  } catch {
    return null;
  }
}

function joined(pieces: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of pieces) {
    all.set(bytes, at);
    at += bytes.length;
  }
  return all;
}
