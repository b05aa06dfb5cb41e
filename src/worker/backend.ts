/** Opens one mode: onnxruntime's build for it, the device, and the report of what it is. */
import type { BackendName, DeviceReason, DeviceReport } from '../shared/device';
import type { Backend } from '../engine/ports';
import { openDevice, type AdapterSummary } from '../runtime/device';
import type { OrtBuild } from '../runtime/ort/build';
import { loadOrt, threadCount } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import { RoundsError } from '../shared/errors';
import type { Mode } from './modes';

export interface OpenedBackend {
  backend: Backend;
  report: Omit<DeviceReport, 'selfTest'>;
}

/** onnxruntime's build for a backend in this browser. */
export function ortBuildFor(backend: BackendName): OrtBuild {
  if (backend === 'wasm') return 'wasm';
  return 'Suspending' in WebAssembly ? 'jspi' : 'asyncify';
}

/** @throws RoundsError webgpu_unavailable, download_failed */
export async function openBackend(mode: Mode, adapter: AdapterSummary | null): Promise<OpenedBackend> {
  if (mode.backend === 'wasm') return openWasm(mode.reasons);
  if (!adapter) throw new RoundsError('webgpu_unavailable', 'This browser offers no WebGPU adapter.');
  const gpu = await openDevice(adapter, mode.subgroups);
  const ort = await loadOrt(ortBuildFor('webgpu'));
  return {
    // The mode without subgroups is the safest one in every respect.
    backend: new OrtBackend(ort, gpu.device, mode.activations, mode.subgroups),
    report: {
      backend: 'webgpu',
      adapter: gpu.description,
      features: gpu.features,
      activations: mode.activations,
      software: gpu.software,
      reasons: mode.reasons,
    },
  };
}

async function openWasm(reasons: DeviceReason[]): Promise<OpenedBackend> {
  const ort = await loadOrt(ortBuildFor('wasm'));
  return {
    backend: new OrtBackend(ort, null, 'f32'),
    report: {
      backend: 'wasm',
      adapter: 'WebAssembly',
      threads: threadCount(),
      features: ['simd'],
      activations: 'f32',
      software: true,
      reasons,
    },
  };
}
