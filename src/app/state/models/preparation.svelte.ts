/** A model on its way to being fetched: its plan, and what speaks for and against this device. */
import { RoundsError } from '../../../shared/errors';
import {
  jobIdOf,
  type ModelOrigin,
  type ModelPlan,
  type OriginAccess,
  type StorageReport,
} from '../../../shared/library';
import type { DeviceProbe } from '../../../shared/protocol';
import type { EngineApi } from '../../clients/engineClient';
import type { LibraryApi } from '../../clients/libraryClient';
import { gpuBytesFor, preflight } from '../../catalogue/preflight';

export class Preparation {
  status = $state<'looking' | 'ready' | 'failed'>('looking');
  plan = $state.raw<ModelPlan | null>(null);
  error = $state.raw<RoundsError | null>(null);
  trying = $state(false);
  readonly origin: ModelOrigin;
  readonly access: OriginAccess;
  readonly title: string;

  #probe = $state.raw<DeviceProbe | null>(null);
  #storage = $state.raw<StorageReport | null>(null);
  readonly #library: LibraryApi;
  readonly #engine: EngineApi;

  /** Null until everything is known that can be known. */
  preflight = $derived.by(() => {
    const { plan } = this;
    if (!plan || !this.#probe || !this.#storage) return null;
    return preflight(plan, { probe: this.#probe, storage: this.#storage, deviceMemoryGib: deviceMemory() });
  });
  /** Whether a trial of the GPU's memory could tell more. */
  canTry = $derived.by(
    () => this.#probe !== null && this.#probe.gpu !== null && this.#probe.allocation === null,
  );

  constructor(
    { library, engine }: { library: LibraryApi; engine: EngineApi },
    what: { origin: ModelOrigin; access: OriginAccess; title: string },
  ) {
    this.#library = library;
    this.#engine = engine;
    this.origin = what.origin;
    this.access = what.access;
    this.title = what.title;
  }

  /** The plan's job, whose revision is a commit; the origin's own before it was planned. */
  get jobId(): string {
    return jobIdOf(this.plan?.origin ?? this.origin);
  }

  /** Reads configs and headers of the model, and looks at the device. Never rejects: see `status`. */
  async look(): Promise<void> {
    this.status = 'looking';
    this.error = null;
    try {
      const [plan, probe, storage] = await Promise.all([
        this.#library.call('plan', { origin: this.origin, access: this.access }),
        this.#engine.call('probe', { allocateBytes: 0 }),
        this.#library.call('storage', {}),
      ]);
      this.plan = plan;
      this.#probe = probe;
      this.#storage = storage;
      this.status = 'ready';
    } catch (thrown) {
      this.error = RoundsError.from(thrown);
      this.status = 'failed';
    }
  }

  /** Asks the GPU for as much memory as the model needs, and gives it back. */
  async tryMemory(): Promise<void> {
    if (!this.plan || this.trying) return;
    this.trying = true;
    try {
      const allocateBytes = Math.round(gpuBytesFor(this.plan.packBytes));
      this.#probe = await this.#engine.call('probe', { allocateBytes });
    } catch (thrown) {
      this.error = RoundsError.from(thrown);
    }
    this.trying = false;
  }
}

/** In GiB. Some browsers do not tell, and the type definitions do not know it. */
function deviceMemory(): number | null {
  return (navigator as { deviceMemory?: number }).deviceMemory ?? null;
}
