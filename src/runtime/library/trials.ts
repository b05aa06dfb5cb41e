/** Tries each model once before it is taken in (src/runtime/trial). */
import { readManifest } from '../storage/fetchPack';
import { readSpan, shardsOf } from '../storage/readSpan';
import type { ShardStore } from '../storage/shardStore';
import { trialFiles, tryModel, type StartThread } from '../trial/tryModel';
import type { TrialFiles } from '../trial/trialSteps';

export class Trials {
  readonly #start: StartThread;
  /** Ids of models that passed. */
  readonly #passed = new Set<string>();

  constructor(start: StartThread) {
    this.#start = start;
  }

  /** @throws RoundsError model_refused, aborted */
  async tryFiles(id: string, name: string, files: TrialFiles, signal: AbortSignal): Promise<void> {
    if (this.#passed.has(id)) return;
    await tryModel(name, files, this.#start, signal);
    this.#passed.add(id);
  }

  /**
   * Tries a pack whose shards are all in `store`.
   * @throws RoundsError model_refused, aborted, storage_failed
   */
  async tryPack(id: string, manifestText: string, store: ShardStore, signal: AbortSignal): Promise<void> {
    if (this.#passed.has(id)) return;
    const { manifest } = await readManifest(new TextEncoder().encode(manifestText));
    const files = await trialFiles(manifest, (span) => readSpan(store, span, shardsOf(manifest)));
    if (files) await this.tryFiles(id, manifest.name, files, signal);
  }
}
