/** Runs a pack once on onnxruntime's CPU build in float32 and records the answers (src/engine/selfTest.ts). */
import type { PackReader } from '../engine/ports';
import { recordSelfTest } from '../engine/selfTest';
import type { SelfTest } from '../shared/pack';
import { loadOnCpu } from './cpuModel';

/** @throws RoundsError download_failed (the runtime), out_of_memory, pack_invalid, internal */
export async function answersOf(pack: PackReader): Promise<SelfTest> {
  const model = await loadOnCpu(pack);
  try {
    return await recordSelfTest(model, () => performance.now());
  } finally {
    await model.dispose();
  }
}
