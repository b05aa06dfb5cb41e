/** A model on onnxruntime's CPU build with float32 activations, in a worker or in Node. */
import { loadModel, type EngineModel } from '../engine/model';
import type { PackReader } from '../engine/ports';
import { loadOrt } from './ort/loadOrt';
import { OrtBackend } from './ort/ortBackend';
import { loadTokenizer } from './tokenizer';

/** @throws RoundsError download_failed (the runtime), out_of_memory, pack_invalid, internal */
export async function loadOnCpu(pack: PackReader): Promise<EngineModel> {
  const backend = new OrtBackend(await loadOrt('wasm'), null, 'f32');
  return loadModel(pack, backend, await loadTokenizer(pack));
}
