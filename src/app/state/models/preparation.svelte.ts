/** A model before its download: its plan, and whether it should run on this device. */
import { MAX_WASM_PARAMETERS } from '../../../shared/deviceLimits';
import { RoundsError } from '../../../shared/errors';
import {
  jobIdOf,
  type ModelOrigin,
  type ModelPlan,
  type OriginAccess,
  type StorageReport,
} from '../../../shared/library';
import type { DeviceProbe } from '../../../shared/protocol';
import { wasmThreads } from '../../../shared/wasmWeights';
import type { EngineApi } from '../../clients/engineClient';
import type { LibraryApi } from '../../clients/libraryClient';
import { gpuBytesFor, preflight } from '../../catalogue/preflight';

export class Preparation {
  status = $state<'checking' | 'ready' | 'failed'>('checking');
  plan = $state.raw<ModelPlan | null>(null);
  error = $state.raw<RoundsError | null>(null);
  isTestingMemory = $state(false);
  readonly origin: ModelOrigin;
  readonly access: OriginAccess;
  readonly title: string;

  #probe = $state.raw<DeviceProbe | null>(null);
  #storage = $state.raw<StorageReport | null>(null);
  readonly #library: LibraryApi;
  readonly #engine: EngineApi;

  /** Null until plan, device and storage are known. */
  preflight = $derived.by(() => {
    const { plan } = this;
    if (!plan || !this.#probe || !this.#storage) return null;
    const threads = wasmThreads(globalThis.crossOriginIsolated, navigator.hardwareConcurrency);
    const device = { deviceMemoryGib: deviceMemory(), threads };
    return preflight(plan, { probe: this.#probe, storage: this.#storage, ...device });
  });
  /** Whether allocating GPU memory as a test would give more information. */
  canTestMemory = $derived.by(() => {
    if (!this.#probe?.gpu || this.#probe.allocation !== null || !this.plan) return false;
    return !(this.#probe.gpu.software && this.plan.parameters <= MAX_WASM_PARAMETERS);
  });

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

  /** Id of the plan's job, whose revision is a commit; before planning, of the origin. */
  get jobId(): string {
    return jobIdOf(this.plan?.origin ?? this.origin);
  }

  /** Reads configs and headers of the model, and checks the device. Never rejects: see `status`. */
  async check(): Promise<void> {
    this.status = 'checking';
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

  /** Allocates as much GPU memory as the model needs, and frees it again. */
  async testMemory(): Promise<void> {
    if (!this.plan || this.isTestingMemory) return;
    this.isTestingMemory = true;
    try {
      const allocateBytes = Math.round(gpuBytesFor(this.plan.packBytes));
      this.#probe = await this.#engine.call('probe', { allocateBytes });
    } catch (thrown) {
      this.error = RoundsError.from(thrown);
    }
    this.isTestingMemory = false;
  }
}

/** In GiB; null in some browsers. Missing from the type definitions. */
function deviceMemory(): number | null {
  return (navigator as { deviceMemory?: number }).deviceMemory ?? null;
}
