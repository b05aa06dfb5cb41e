import { describe, expect, it } from 'vitest';
import { openShardStore } from './shardStore';

const bytes = (value: number): ArrayBuffer => new Uint8Array(1024).fill(value).buffer;

function deleteDatabase(name: string): Promise<'deleted' | 'blocked'> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve('deleted');
    request.onblocked = () => resolve('blocked');
    request.onerror = () => reject(request.error ?? new Error('deleteDatabase failed'));
  });
}

describe('shard store in IndexedDB', () => {
  it('keeps shards for another connection, apart from other packs', async () => {
    const hash = crypto.randomUUID();
    await openShardStore(hash).set('shard-0.bin', bytes(7));
    const again = openShardStore(hash);
    expect(await again.keys()).toEqual(['shard-0.bin']);
    expect(new Uint8Array((await again.get('shard-0.bin')) ?? new ArrayBuffer(0))[1023]).toBe(7);
    expect(await openShardStore(crypto.randomUUID()).get('shard-0.bin')).toBeUndefined();
    await again.delete('shard-0.bin');
    expect(await again.keys()).toEqual([]);
  });

  it('yields when the database is deleted elsewhere, and works again afterwards', async () => {
    const hash = crypto.randomUUID();
    const store = openShardStore(hash);
    await store.set('a', bytes(1));
    expect(await deleteDatabase(`rounds-pack-${hash}`)).toBe('deleted');
    expect(await store.get('a')).toBeUndefined();
    await store.set('a', bytes(2));
    expect(await store.keys()).toEqual(['a']);
  });

  it('names a failure that the page can act on', async () => {
    const store = openShardStore(crypto.randomUUID());
    // A function can't be cloned into the database.
    await expect(store.set('a', (() => 1) as unknown as ArrayBuffer)).rejects.toMatchObject({
      code: 'storage_failed',
    });
  });
});
