/** Converts a checkpoint folder to a pack in memory, for small models. */
import type { Calibration } from '../../convert/choice';
import { runConversion } from '../../convert/convert';
import { planConversion } from '../../convert/plan';
import type { PackReader } from '../../engine/ports';
import type { RecipeOption, WeightsOption } from '../../shared/pack';
import { openFolder } from './folderSource';

export async function packInMemory(
  checkpoint: string,
  weights: WeightsOption,
  recipe: RecipeOption,
  calibration: Calibration | null = null,
): Promise<PackReader> {
  const shards: Uint8Array[] = [];
  const plan = await planConversion(await openFolder(checkpoint), { weights, recipe, calibration });
  const manifest = await runConversion(plan, {
    writeShard: (_, bytes) => Promise.resolve(void shards.push(bytes.slice())),
    writeManifest: () => Promise.resolve(),
    abort: () => Promise.resolve(),
  });
  const stream = Buffer.concat(shards);
  return {
    manifest,
    read: ({ offset, length }) => Promise.resolve(new Uint8Array(stream.subarray(offset, offset + length))),
  };
}
