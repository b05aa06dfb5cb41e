/** Chooses where a model runs: the GPU where there is a real one, else wasm for models that are small enough. */
import { RoundsError } from '../shared/errors';
import type { PackManifest } from '../shared/pack';
import type { ActivationType, DeviceReport, LoadParams } from '../shared/protocol';
import type { Backend } from '../engine/ports';
import { findAdapter, openDevice, type AdapterSummary } from '../runtime/device';
import { loadOrt, threadCount } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';

export interface OpenedBackend {
  backend: Backend;
  report: DeviceReport;
}

/** On wasm a token costs about 4 ms for each million weights and thread; above this nobody would wait. */
const MAX_WASM_PARAMETERS = 60e6;

/** @throws RoundsError webgpu_unavailable, feature_missing */
export async function openBackend(
  { backend: wanted, activations }: Pick<LoadParams, 'backend' | 'activations'>,
  manifest: PackManifest,
): Promise<OpenedBackend> {
  if (wanted === 'wasm') return openWasm(activations, '');
  const adapter = await findAdapter();
  if (wanted === 'webgpu') {
    if (!adapter) throw noAdapter();
    return openWebGpu(adapter, activations, '');
  }
  if (adapter && !adapter.software) return openWebGpu(adapter, activations, '');
  const isSmall = manifest.parameters <= MAX_WASM_PARAMETERS;
  if (isSmall) {
    const reason = adapter
      ? 'Your browser offers only a software GPU, which is slower than WebAssembly for a model this small.'
      : 'Your browser offers no WebGPU, so this small model runs on the processor with WebAssembly.';
    return openWasm(activations, reason);
  }
  if (!adapter) throw noAdapter();
  return openWebGpu(adapter, activations, 'Only a software GPU was found: expect minutes for an answer.');
}

function noAdapter(): RoundsError {
  return new RoundsError(
    'webgpu_unavailable',
    'This browser offers no WebGPU adapter. Use a current Chrome, Edge, Safari or Firefox with graphics acceleration on, or the small model.',
  );
}

async function openWasm(activations: LoadParams['activations'], reason: string): Promise<OpenedBackend> {
  if (activations === 'f16') {
    throw new RoundsError('feature_missing', 'float16 activations need WebGPU; on WebAssembly use f32.');
  }
  const ort = await loadOrt('wasm');
  const report: DeviceReport = {
    backend: 'wasm',
    adapter: `WebAssembly, ${threadCount()} ${threadCount() === 1 ? 'thread' : 'threads'}`,
    features: ['simd'],
    activations: 'f32',
    software: true,
    reason,
  };
  return { backend: new OrtBackend(ort, null, 'f32'), report };
}

async function openWebGpu(
  adapter: AdapterSummary,
  wanted: LoadParams['activations'],
  reason: string,
): Promise<OpenedBackend> {
  const gpu = await openDevice(adapter);
  const canHalf = gpu.features.includes('shader-f16');
  if (wanted === 'f16' && !canHalf) {
    gpu.device.destroy();
    throw new RoundsError('feature_missing', `${gpu.description} has no shader-f16; use f32 activations.`);
  }
  const activations: ActivationType = wanted === 'auto' ? (canHalf ? 'f16' : 'f32') : wanted;
  const ort = await loadOrt('Suspending' in WebAssembly ? 'jspi' : 'asyncify');
  const report: DeviceReport = {
    backend: 'webgpu',
    adapter: gpu.description,
    features: gpu.features,
    activations,
    software: gpu.software,
    reason,
  };
  return { backend: new OrtBackend(ort, gpu.device, activations), report };
}
