/**
 * Puts a model on the best mode whose numbers are right: loads it, reproduces the pack's known answers, and goes
 * on to the next safer mode when they differ. A device that computes wrongly must never just print gibberish.
 */
import { RoundsError } from '../shared/errors';
import type { DeviceReport, LoadParams, SelfTestReport } from '../shared/protocol';
import { loadModel, type EngineModel } from '../engine/model';
import type { Clock, Tokenizer } from '../engine/ports';
import { runSelfTest } from '../engine/selfTest';
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

export interface LoadedOnDevice {
  model: EngineModel;
  report: DeviceReport;
}

export interface DeviceHooks {
  signal: AbortSignal;
  onProgress: (stage: 'compile' | 'check', done: number, total: number) => void;
}

/** Failures that another mode may not have; running out of memory it would have all the more. */
const MODE_FAILURES = new Set(['internal', 'device_lost', 'webgpu_unavailable']);

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
  const failures: { mode: Mode; error: RoundsError }[] = [];
  for (const mode of modes) {
    hooks.signal.throwIfAborted();
    try {
      const loaded = await tryMode(mode, adapter, pack, tokenizer, ports, hooks);
      return withFailures(loaded, failures);
    } catch (thrown) {
      const error = RoundsError.from(thrown);
      if (error.code !== 'self_test_failed' && !MODE_FAILURES.has(error.code)) throw error;
      failures.push({ mode, error });
    }
  }
  throw summary(failures);
}

async function tryMode(
  mode: Mode,
  adapter: AdapterSummary | null,
  pack: LoadedPack,
  tokenizer: Tokenizer,
  ports: DevicePorts,
  hooks: DeviceHooks,
): Promise<LoadedOnDevice> {
  const key = [
    pack.packHash,
    describeMode(mode),
    adapter?.description ?? 'no adapter',
    ports.environment,
  ].join(' | ');
  const kept = await ports.verdicts.get(key);
  if (kept && !kept.ok) throw new RoundsError('self_test_failed', kept.detail);
  const { backend, report } = await ports.openBackend(mode, adapter);
  let model: EngineModel | null = null;
  try {
    model = await loadModel(pack, backend, tokenizer, (done, total) =>
      hooks.onProgress('compile', done, total),
    );
    const selfTest = await checkModel(model, kept, key, ports, hooks);
    return { model, report: { ...report, selfTest } };
  } catch (error) {
    await (model ?? backend).dispose();
    throw error;
  }
}

async function checkModel(
  model: EngineModel,
  kept: StoredVerdict | undefined,
  key: string,
  { clock, verdicts }: DevicePorts,
  { onProgress }: DeviceHooks,
): Promise<SelfTestReport> {
  const { selfTest } = model.pack.manifest;
  if (!selfTest) return { status: 'none', detail: 'This pack carries no known answers.', milliseconds: 0 };
  if (kept) return { status: 'kept', detail: `${kept.detail} (${kept.at})`, milliseconds: kept.milliseconds };
  onProgress('check', 0, 1);
  const verdict = await runSelfTest(model, selfTest, clock);
  onProgress('check', 1, 1);
  await verdicts.set(key, { ...verdict, at: new Date().toISOString().slice(0, 10) });
  if (!verdict.ok) throw new RoundsError('self_test_failed', verdict.detail);
  return { status: 'passed', detail: verdict.detail, milliseconds: verdict.milliseconds };
}

/** The report says which better modes were passed over, and why. */
function withFailures(
  loaded: LoadedOnDevice,
  failures: { mode: Mode; error: RoundsError }[],
): LoadedOnDevice {
  if (failures.length === 0) return loaded;
  const { report } = loaded;
  const reason = [report.reason, ...failures.map(explain)].filter(Boolean).join(' ');
  return { ...loaded, report: { ...report, reason } };
}

function explain({ mode, error }: { mode: Mode; error: RoundsError }): string {
  const cause = error.code === 'self_test_failed' ? 'gave wrong numbers' : 'failed';
  return `${describeMode(mode)} ${cause} on this device and is not used (${error.message})`;
}

/** One failure is itself; several are told together, wrong numbers before everything else. */
function summary(failures: { mode: Mode; error: RoundsError }[]): RoundsError {
  const [first] = failures;
  if (failures.length === 1 && first) return first.error;
  const wrong = failures.find(({ error }) => error.code === 'self_test_failed');
  const code = (wrong ?? first)?.error.code ?? 'internal';
  return new RoundsError(code, failures.map(explain).join(' '));
}
