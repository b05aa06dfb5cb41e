/**
 * Starts onnxruntime while a pack is still being fetched: its files are requested together with the pack's, and its wasm file is
 * compiled while shards arrive. Only the time changes: what fails here fails again, and is reported, when the mode is opened.
 */
import type { BackendName, LoadParams } from '../shared/protocol';
import type { AdapterSummary } from '../runtime/device';
import { likelyMode, type DevicePorts } from './loadOnDevice';

export interface EarlyPorts extends DevicePorts {
  /** Requests the runtime's files. */
  fetchRuntime?(backend: BackendName): void;
  /** Compiles and starts the runtime. After this, another one needs a fresh worker. */
  startRuntime?(backend: BackendName): Promise<void>;
}

export interface EarlyStart {
  adapter: Promise<AdapterSummary | null>;
  /** What is loaded is known: now the mode is, too. */
  onManifest: (pack: { packHash: string; parameters: number }) => void;
  /** Wait for it before a session is made: onnxruntime-web can't make two at a time. Never rejects. */
  settled(): Promise<void>;
}

export function startEarly(params: LoadParams, ports: EarlyPorts): EarlyStart {
  const adapter = params.backend === 'wasm' ? Promise.resolve(null) : ports.findAdapter();
  const unreported = (): undefined => undefined;
  void adapter.then((found) => ports.fetchRuntime?.(likelyBackend(params, found))).catch(unreported);
  const start = async (pack: { packHash: string; parameters: number }): Promise<void> => {
    const mode = await likelyMode(params, await adapter, pack, ports);
    if (mode) await ports.startRuntime?.(mode.backend);
  };
  let started = Promise.resolve();
  return {
    adapter,
    onManifest: (pack) => void (started = start(pack).catch(unreported)),
    settled: () => started,
  };
}

/** Before the model's size is known: on a software GPU all but the largest models run on WebAssembly. */
function likelyBackend({ backend }: LoadParams, adapter: AdapterSummary | null): BackendName {
  if (backend !== 'auto') return backend;
  return !adapter || adapter.software ? 'wasm' : 'webgpu';
}
