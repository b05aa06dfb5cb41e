/**
 * The stored models, and the operations on a whole model: fill, verify, remove. Each holds the model's lock, which all
 * tabs share.
 */
import { RoundsError } from '../../shared/errors';
import type { StoredModel } from '../../shared/library';
import type { PackManifest } from '../../shared/pack';
import { sha256Hex } from '../../shared/sha256';
import { isIntact, readManifest } from '../storage/fetchPack';
import { completed, newRecord, type ModelStorage } from '../storage/modelStorage';
import type { ShardStore } from '../storage/shardStore';
import { plannedShards } from './conversion';
import { modelLock, type Locks } from './locks';
import { presentShards, sizeOf, type FillHooks, type ModelSource } from './modelSource';

/** Storage that is cleared while it is filled is filled again, but not without end. */
const FILL_ROUNDS = 3;

export interface StoreHooks extends FillHooks {
  /** The model is listed from now on. */
  onRecord: () => void;
  /** Another tab works on it; once that ends, this one stores what is then missing. */
  onWait: () => void;
  /** Looks at a model whose shards are all there; it is complete only if this resolves. */
  check: (id: string, manifestText: string, store: ShardStore) => Promise<void>;
}

export class StoredModels {
  readonly #storage: ModelStorage;
  readonly #locks: Locks;

  constructor(storage: ModelStorage, locks: Locks) {
    this.#storage = storage;
    this.#locks = locks;
  }

  shards(id: string): ShardStore {
    return this.#storage.shards(id);
  }

  /** Records; for incomplete models with the shards that are really stored. */
  async list(): Promise<StoredModel[]> {
    const models = await this.#storage.index.list();
    return Promise.all(models.map(async (model) => (model.complete ? model : this.#counted(model))));
  }

  /** The model and its pack.json. @throws RoundsError model_missing */
  async complete(id: string): Promise<{ model: StoredModel; manifestText: string }> {
    const { index } = this.#storage;
    const [model, manifestText] = await Promise.all([index.get(id), index.manifest(id)]);
    if (model?.complete && manifestText !== undefined) return { model, manifestText };
    throw new RoundsError('model_missing', `${model?.name ?? 'This model'} is not completely stored here.`);
  }

  /**
   * Stores what is missing, and the record that says so last.
   * @throws RoundsError of the source; storage_quota, storage_failed, aborted; what `check` throws
   */
  fill(source: ModelSource, hooks: StoreHooks): Promise<StoredModel> {
    const { signal, onWait } = hooks;
    return this.#locks.run(modelLock(source.id), () => this.#fill(source, hooks), { signal, onWait });
  }

  /** Compares every shard; bad ones are removed and the model is then incomplete. */
  verify(
    id: string,
    hooks: FillHooks & { onWait: () => void },
  ): Promise<{ intact: number; damaged: string[] }> {
    return this.#locks.run(
      modelLock(id),
      async () => {
        const { manifestText } = await this.complete(id);
        const { manifest } = await readManifest(new TextEncoder().encode(manifestText));
        const damaged = await removeDamaged(manifest, this.#storage.shards(id), hooks);
        await this.#storage.index.update(
          id,
          damaged.length > 0
            ? { complete: false, packHash: null, verifiedAt: null }
            : { verifiedAt: new Date().toISOString() },
        );
        return { intact: manifest.shards.length - damaged.length, damaged };
      },
      hooks,
    );
  }

  /** Removes a model; with `unlessComplete` only where it never became complete. */
  drop(id: string, { unlessComplete = false } = {}): Promise<void> {
    return this.#locks.run(modelLock(id), async () => {
      const model = await this.#storage.index.get(id);
      if (!(unlessComplete && model?.complete)) await this.#storage.drop(id);
    });
  }

  /** Removes everything, including databases that the index doesn't list. */
  async dropAll(): Promise<void> {
    const models = await this.#storage.index.list();
    const ids = new Set([...models.map(({ id }) => id), ...(await this.#storage.storedIds())]);
    for (const id of ids) await this.drop(id);
  }

  async #fill(source: ModelSource, hooks: StoreHooks): Promise<StoredModel> {
    const { index } = this.#storage;
    const { id, origin, pack, shards, manifestText } = source;
    const known = await index.get(id);
    if (known?.complete) return known;
    const record = { ...(known ?? newRecord(id, origin, pack, shards.length)), origin };
    await index.put(record, manifestText);
    hooks.onRecord();
    const text = await fillStore(source, this.#storage.shards(id), hooks);
    await this.#check(id, text, hooks);
    const model = completed(record, await sha256Hex(new TextEncoder().encode(text)));
    await index.put(model, text);
    return model;
  }

  /** A model that is refused is not kept: resuming it would end the same way. */
  async #check(id: string, text: string, { check }: StoreHooks): Promise<void> {
    try {
      await check(id, text, this.#storage.shards(id));
    } catch (thrown) {
      if (RoundsError.from(thrown).code === 'model_refused') await this.#storage.drop(id);
      throw thrown;
    }
  }

  async #counted(model: StoredModel): Promise<StoredModel> {
    const text = await this.#storage.index.manifest(model.id);
    const shards = text
      ? (await readManifest(new TextEncoder().encode(text))).manifest.shards
      : plannedShards(model.totalBytes);
    const present = await presentShards(shards, this.#storage.shards(model.id));
    return { ...model, storedShards: present.length, storedBytes: sizeOf(present) };
  }
}

/**
 * Calls `source.fill` until every shard is there: the visitor may clear the site's data while it runs.
 * @returns the text of pack.json
 */
export async function fillStore(source: ModelSource, store: ShardStore, hooks: FillHooks): Promise<string> {
  for (let round = 1; round <= FILL_ROUNDS; round++) {
    const text = await source.fill(store, hooks);
    hooks.signal.throwIfAborted();
    const present = await presentShards(source.shards, store);
    if (present.length === source.shards.length) return text;
  }
  throw new RoundsError('storage_failed', 'The browser keeps removing what is stored.');
}

async function removeDamaged(
  manifest: PackManifest,
  store: ShardStore,
  { signal, onBytes, onDetail }: FillHooks,
): Promise<string[]> {
  const damaged: string[] = [];
  let done = 0;
  for (const shard of manifest.shards) {
    signal.throwIfAborted();
    onDetail({ code: 'comparing_file', params: { file: shard.file } });
    // A record that can't be read counts as missing.
    const bytes = await store.get(shard.file).catch(() => undefined);
    if (!bytes || !(await isIntact(new Uint8Array(bytes), shard))) {
      damaged.push(shard.file);
      await store.delete(shard.file);
    }
    done += shard.size;
    onBytes(done);
  }
  return damaged;
}
