/** Reads a span of a pack from stored shards, which were verified when they were stored. */
import { RoundsError } from '../../shared/errors';
import type { PackManifest, Span } from '../../shared/pack';
import type { ShardStore } from './shardStore';

interface Shards {
  /** Of every shard but the last. */
  shardBytes: number;
  nameOf: (index: number) => string;
}

export async function readSpan(
  store: Pick<ShardStore, 'get'>,
  { offset, length }: Span,
  { shardBytes, nameOf }: Shards,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const file = nameOf(Math.floor((offset + done) / shardBytes));
    const shard = await store.get(file);
    if (!shard) throw new RoundsError('storage_failed', `${file} was just written and is missing.`);
    const from = (offset + done) % shardBytes;
    const part = new Uint8Array(shard, from, Math.min(length - done, shard.byteLength - from));
    bytes.set(part, done);
    done += part.length;
  }
  return bytes;
}

export function shardsOf({ shards }: Pick<PackManifest, 'shards'>): Shards {
  return { shardBytes: shards[0]?.size ?? 1, nameOf: (index) => shards[index]?.file ?? '' };
}
