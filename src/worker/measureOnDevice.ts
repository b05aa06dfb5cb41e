/** Measures a model of made-up weights in the best mode of this device. */
import type { ShapeReport } from '../shared/shapeReport';
import { SHAPE_CONFIGS, SHAPE_PLANS } from '../shared/shapes';
import { weightBytesOf } from '../shared/costModel';
import type { MeasureParams } from '../shared/protocol';
import { loadModel, type EngineModel } from '../engine/model';
import { measureShape } from '../engine/shapeBench';
import { NO_TOKENIZER, seededPack } from '../runtime/seededPack';
import { RoundsError } from '../shared/errors';
import type { DeviceHooks, DevicePorts } from './loadOnDevice';
import { modesFor } from './modes';

/** @throws RoundsError webgpu_unavailable, feature_missing, out_of_memory, device_lost, aborted */
export async function measureOnDevice(
  { shape, limitMs, ...params }: MeasureParams,
  ports: Pick<DevicePorts, 'findAdapter' | 'openBackend' | 'clock'>,
  hooks: Pick<DeviceHooks, 'signal'> & {
    onProgress: (stage: 'compile' | 'decode', done: number, total: number) => void;
  },
): Promise<ShapeReport> {
  const start = ports.clock();
  const pack = seededPack(shape, SHAPE_CONFIGS[shape]);
  const adapter = params.backend === 'wasm' ? null : await ports.findAdapter();
  const [mode] = modesFor(params, adapter, pack.manifest.parameters);
  if (!mode) throw new RoundsError('webgpu_unavailable', 'This device has no mode to measure.');
  const { backend, report } = await ports.openBackend(mode, adapter);
  let model: EngineModel | null = null;
  try {
    model = await loadModel(pack, backend, NO_TOKENIZER, (done, total) =>
      hooks.onProgress('compile', done, total),
    );
    const loaded = ports.clock();
    const measured = await measureShape(model, SHAPE_PLANS[shape], {
      signal: hooks.signal,
      clock: ports.clock,
      deadlineMs: start + limitMs,
      onProgress: (done, total) => hooks.onProgress('decode', done, total),
    });
    return {
      shape,
      device: { ...report, selfTest: { status: 'none', detail: null, milliseconds: 0 } },
      loadMs: loaded - start,
      tookMs: ports.clock() - loaded,
      weights: weightBytesOf(pack.manifest.tensors, pack.manifest.model),
      ...measured,
    };
  } finally {
    await (model ?? backend).dispose();
  }
}
