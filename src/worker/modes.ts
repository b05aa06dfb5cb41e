/**
 * The ways in which a model can run here, best first: the GPU where there is a real one, each safer variant of it
 * after that, and wasm for models that are small enough.
 */
import { MAX_WASM_PARAMETERS } from '../shared/deviceLimits';
import { RoundsError } from '../shared/errors';
import type { ActivationType, LoadParams } from '../shared/protocol';
import type { AdapterSummary } from '../runtime/device';

export type Mode =
  | { backend: 'webgpu'; activations: ActivationType; subgroups: boolean; reason: string }
  | { backend: 'wasm'; activations: 'f32'; reason: string };

const SOFTWARE_GPU =
  'Your browser offers only a software GPU, which is slower than WebAssembly for a model this small.';
const NO_GPU = 'Your browser offers no WebGPU, so this small model runs on the processor with WebAssembly.';
const SLOW_GPU = 'Only a software GPU was found: expect minutes for an answer.';

/** @throws RoundsError webgpu_unavailable, feature_missing */
export function modesFor(
  { backend, activations }: Pick<LoadParams, 'backend' | 'activations'>,
  adapter: AdapterSummary | null,
  parameters: number,
): Mode[] {
  if (backend === 'wasm') return [wasmMode(activations, '')];
  const canUseWasm = parameters <= MAX_WASM_PARAMETERS && activations !== 'f16';
  if (!adapter) {
    if (backend === 'auto' && canUseWasm) return [wasmMode(activations, NO_GPU)];
    throw new RoundsError(
      'webgpu_unavailable',
      'This browser offers no WebGPU adapter. Use a current Chrome, Edge, Safari or Firefox with graphics acceleration on, or the small model.',
    );
  }
  if (backend === 'webgpu') return webGpuModes(activations, adapter, '');
  if (adapter.software) {
    return canUseWasm ? [wasmMode(activations, SOFTWARE_GPU)] : webGpuModes(activations, adapter, SLOW_GPU);
  }
  const modes = webGpuModes(activations, adapter, '');
  return canUseWasm ? [...modes, wasmMode(activations, '')] : modes;
}

/** Names a mode in stored verdicts and in messages. */
export function describeMode(mode: Mode): string {
  if (mode.backend === 'wasm') return 'WebAssembly';
  const width = mode.activations === 'f16' ? 'float16' : 'float32';
  return `WebGPU in ${width}${mode.subgroups ? '' : ' without subgroups'}`;
}

function webGpuModes(
  wanted: LoadParams['activations'],
  { adapter, description, software }: AdapterSummary,
  reason: string,
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
    reason,
  }));
  const last = widths.at(-1) ?? 'f32';
  if (canSubgroups) modes.push({ backend: 'webgpu', activations: last, subgroups: false, reason });
  return modes;
}

function wasmMode(wanted: LoadParams['activations'], reason: string): Mode {
  if (wanted === 'f16') {
    throw new RoundsError('feature_missing', 'float16 activations need WebGPU; on WebAssembly use f32.');
  }
  return { backend: 'wasm', activations: 'f32', reason };
}
