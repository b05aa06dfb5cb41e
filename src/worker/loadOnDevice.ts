/**
 * Puts a model on the best mode whose numbers are right: loads it, reproduces the pack's known answers, and tries
 * the next safer mode when they differ. A device that computes wrongly must never just print gibberish.
 */
import { RoundsError } from '../shared/errors';
import type { DeviceReason, DeviceReport, SelfTestDetail, SelfTestReport } from '../shared/device';
import type { LoadParams } from '../shared/protocol';
import { loadModel, type EngineModel } from '../engine/model';
import type { Clock, Tokenizer } from '../engine/ports';
import { describeSelfTest, runSelfTest, type SelfTestVerdict } from '../engine/selfTest';
import { TEST_LAYERS, truncatedPack } from '../engine/truncatedModel';
import type { AdapterSummary } from '../runtime/device';
import type { LoadedPack } from '../runtime/storage/packLoader';
import type { StoredVerdict, VerdictStore } from '../runtime/storage/verdictStore';
import type { OpenedBackend } from './backend';
import { describeMode, modesFor, type Mode } from './modes';

export interface DevicePorts {
  findAdapter(): Promise<AdapterSummary | null>;
  openBackend(mode: Mode, adapter: AdapterSummary | null): Promise<OpenedBackend>;
  verdicts: VerdictStore;
  clock: Clock;
  /** Browser and onnxruntime, as far as they can change numbers. */
  environment: string;
}

/** The mode that `loadOnDevice` will open first; undefined if all have failed before. @throws RoundsError as modesFor does */
export async function likelyMode(
  params: LoadParams,
  adapter: AdapterSummary | null,
  pack: Pick<LoadedPack, 'packHash'> & { parameters: number },
  ports: DevicePorts,
): Promise<Mode | undefined> {
  for (const mode of modesFor(params, adapter, pack.parameters)) {
    const kept = params.recheck
      ? undefined
      : await ports.verdicts.get(verdictKey({ mode, adapter, pack, ports }));
    if (kept?.ok !== false) return mode;
  }
  return undefined;
}

export interface LoadedOnDevice {
  model: EngineModel;
  report: DeviceReport;
}

export interface DeviceHooks {
  signal: AbortSignal;
  onProgress: (stage: 'compile' | 'check', done: number, total: number) => void;
}

/** Failures that another mode may not have; a safer mode needs more memory, not less. */
const MODE_FAILURES = new Set(['internal', 'device_lost', 'webgpu_unavailable']);

interface ModeFailure {
  mode: Mode;
  error: RoundsError;
}

/** Says what differs, besides the code. */
class SelfTestError extends RoundsError {
  readonly detail: SelfTestDetail;

  constructor(detail: SelfTestDetail) {
    super('self_test_failed', describeSelfTest(detail));
    this.detail = detail;
  }
}

/** @throws RoundsError webgpu_unavailable, feature_missing, self_test_failed, out_of_memory, aborted, … */
export async function loadOnDevice(
  params: LoadParams,
  pack: LoadedPack,
  tokenizer: Tokenizer,
  ports: DevicePorts,
  hooks: DeviceHooks,
): Promise<LoadedOnDevice> {
  const adapter = params.backend === 'wasm' ? null : await ports.findAdapter();
  const modes = modesFor(params, adapter, pack.manifest.parameters);
  const failures: ModeFailure[] = [];
  for (const mode of modes) {
    hooks.signal.throwIfAborted();
    const attempt = { mode, adapter, pack, tokenizer, ports, hooks, recheck: params.recheck === true };
    try {
      const loaded = await tryMode(attempt).catch((thrown: unknown) => {
        // A device that was reset works again; only if it is lost at once is the mode to blame.
        if (RoundsError.from(thrown).code !== 'device_lost' || hooks.signal.aborted) throw thrown;
        return tryMode(attempt);
      });
      return withFailures(loaded, failures);
    } catch (thrown) {
      const error = RoundsError.from(thrown);
      if (error.code !== 'self_test_failed' && !MODE_FAILURES.has(error.code)) throw error;
      failures.push({ mode, error });
    }
  }
  throw summary(failures);
}

/** One mode tried on one device. */
interface Attempt {
  mode: Mode;
  adapter: AdapterSummary | null;
  pack: LoadedPack;
  tokenizer: Tokenizer;
  ports: DevicePorts;
  hooks: DeviceHooks;
  /** Ignore the verdicts of earlier visits. */
  recheck: boolean;
}

async function tryMode(attempt: Attempt): Promise<LoadedOnDevice> {
  const { mode, adapter, pack, tokenizer, ports, hooks } = attempt;
  const key = verdictKey(attempt);
  const kept = attempt.recheck ? undefined : await ports.verdicts.get(key);
  if (kept && !kept.ok) throw new SelfTestError(kept.detail);
  const known = pack.manifest.selfTest;
  let check: SelfTestReport | null = kept ? keptReport(kept) : null;
  if (!check && known?.layers) check = await recordVerdict(await testFirstLayers(attempt), key, ports);
  const { backend, report } = await ports.openBackend(mode, adapter);
  let model: EngineModel | null = null;
  try {
    model = await loadModel(pack, backend, tokenizer, (done, total) =>
      hooks.onProgress('compile', done, total),
    );
    if (!check && known) check = await recordVerdict(await testModel(model, attempt), key, ports);
    return { model, report: { ...report, selfTest: check ?? NOT_TESTED } };
  } catch (error) {
    await (model ?? backend).dispose();
    throw error;
  }
}

type VerdictSubject = Pick<Attempt, 'mode' | 'adapter' | 'ports'> & { pack: Pick<LoadedPack, 'packHash'> };

/** Everything that can change numbers is in it: after an update of the browser or driver the test runs again. */
function verdictKey({ mode, adapter, pack, ports }: VerdictSubject): string {
  const device = adapter?.description ?? 'no adapter';
  return [pack.packHash, describeMode(mode), device, ports.environment].join(' | ');
}

const NOT_TESTED: SelfTestReport = { status: 'none', detail: null, milliseconds: 0 };

function keptReport({ detail, at, milliseconds }: StoredVerdict): SelfTestReport {
  return { status: 'kept', detail, date: at, milliseconds };
}

/** A large model's first layers, alone on the device: wrong numbers show before the whole model is loaded. */
async function testFirstLayers(attempt: Attempt): Promise<SelfTestVerdict> {
  const { mode, adapter, pack, tokenizer, ports } = attempt;
  const start = ports.clock();
  const { backend } = await ports.openBackend(mode, adapter);
  let model: EngineModel | null = null;
  try {
    const layers = pack.manifest.selfTest?.layers ?? TEST_LAYERS;
    model = await loadModel(truncatedPack(pack, layers), backend, tokenizer);
    return { ...(await testModel(model, attempt)), milliseconds: ports.clock() - start };
  } finally {
    await (model ?? backend).dispose();
  }
}

async function testModel(model: EngineModel, { ports, hooks }: Attempt): Promise<SelfTestVerdict> {
  const known = model.pack.manifest.selfTest ?? { version: 1, cases: [] };
  hooks.onProgress('check', 0, 1);
  const verdict = await runSelfTest(model, known, ports.clock);
  hooks.onProgress('check', 1, 1);
  return verdict;
}

/** Stores the verdict, good or bad. @throws RoundsError self_test_failed */
async function recordVerdict(
  verdict: SelfTestVerdict,
  key: string,
  { verdicts }: DevicePorts,
): Promise<SelfTestReport> {
  await verdicts.set(key, { ...verdict, at: new Date().toISOString().slice(0, 10) });
  const { ok, detail, milliseconds } = verdict;
  if (!ok) throw new SelfTestError(detail);
  return { status: 'passed', detail, milliseconds };
}

/** The report says which better modes were skipped, and why. */
function withFailures(loaded: LoadedOnDevice, failures: ModeFailure[]): LoadedOnDevice {
  const { report } = loaded;
  return { ...loaded, report: { ...report, reasons: [...report.reasons, ...failures.map(reasonOf)] } };
}

function reasonOf({ mode: { backend, activations, subgroups }, error }: ModeFailure): DeviceReason {
  const mode = { backend, activations, subgroups };
  return error instanceof SelfTestError
    ? { code: 'wrong_numbers', params: { mode, detail: error.detail } }
    : { code: 'mode_failed', params: { mode, error: error.toWire() } };
}

/** In English, for the error. */
function describeFailure({ mode, error }: ModeFailure): string {
  const cause = error.code === 'self_test_failed' ? 'gave wrong numbers' : 'failed';
  return `${describeMode(mode)} ${cause} on this device and is not used (${error.message})`;
}

/** One failure is thrown as it is; several become one error, with the code of wrong numbers if there were any. */
function summary(failures: ModeFailure[]): RoundsError {
  const [first] = failures;
  if (failures.length === 1 && first) return first.error;
  const wrong = failures.find(({ error }) => error.code === 'self_test_failed');
  const code = (wrong ?? first)?.error.code ?? 'internal';
  return new RoundsError(code, failures.map(describeFailure).join(' '));
}
