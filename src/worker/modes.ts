/**
 * The ways to run a model here, best first: a hardware GPU, then its safer variants, then wasm for models that
 * are small enough.
 */
import { MAX_WASM_PARAMETERS } from '../shared/deviceLimits';
import { RoundsError } from '../shared/errors';
import type { ActivationType, DeviceReason, ModeName } from '../shared/device';
import type { LoadParams } from '../shared/protocol';
import type { AdapterSummary } from '../runtime/device';

export interface Mode extends ModeName {
  /** Why it is used at all; empty when it was asked for or is the best. */
  reasons: DeviceReason[];
}

/** @throws RoundsError webgpu_unavailable, feature_missing */
export function modesFor(
  { backend, activations }: Pick<LoadParams, 'backend' | 'activations'>,
  adapter: AdapterSummary | null,
  parameters: number,
): Mode[] {
  if (backend === 'wasm') return [wasmMode(activations, [])];
  const canUseWasm = parameters <= MAX_WASM_PARAMETERS && activations !== 'f16';
  if (!adapter) {
    if (backend === 'auto' && canUseWasm) return [wasmMode(activations, [{ code: 'no_webgpu' }])];
    throw new RoundsError(
      'webgpu_unavailable',
      'This browser offers no WebGPU adapter. Use a current Chrome, Edge, Safari or Firefox with graphics acceleration on, or the small model.',
    );
  }
  if (backend === 'webgpu') return webGpuModes(activations, adapter, []);
  if (adapter.software) {
    return canUseWasm
      ? [wasmMode(activations, [{ code: 'software_gpu_slower' }])]
      : webGpuModes(activations, adapter, [{ code: 'software_gpu_only' }]);
  }
  const modes = webGpuModes(activations, adapter, []);
  return canUseWasm ? [...modes, wasmMode(activations, [])] : modes;
}

/** Names a mode in stored verdicts and in errors. */
export function describeMode(mode: ModeName): string {
  if (mode.backend === 'wasm') return 'WebAssembly';
  const width = mode.activations === 'f16' ? 'float16' : 'float32';
  return `WebGPU in ${width}${mode.subgroups ? '' : ' without subgroups'}`;
}

function webGpuModes(
  wanted: LoadParams['activations'],
  { adapter, description, software }: AdapterSummary,
  reasons: DeviceReason[],
): Mode[] {
  const canHalf = adapter.features.has('shader-f16');
  if (wanted === 'f16' && !canHalf) {
    throw new RoundsError('feature_missing', `${description} has no shader-f16; use f32 activations.`);
  }
  const canSubgroups = adapter.features.has('subgroups') && !software;
  const widths: ActivationType[] = wanted === 'auto' ? (canHalf ? ['f16', 'f32'] : ['f32']) : [wanted];
  const modes = widths.map((activations): Mode => ({
    backend: 'webgpu',
    activations,
    subgroups: true,
    reasons,
  }));
  const last = widths.at(-1) ?? 'f32';
  if (canSubgroups) modes.push({ backend: 'webgpu', activations: last, subgroups: false, reasons });
  return modes;
}

function wasmMode(wanted: LoadParams['activations'], reasons: DeviceReason[]): Mode {
  if (wanted === 'f16') {
    throw new RoundsError('feature_missing', 'float16 activations need WebGPU; on WebAssembly use f32.');
  }
  return { backend: 'wasm', activations: 'f32', subgroups: false, reasons };
}
