/** Converts a tiny checkpoint into IndexedDB, as the library's worker does; its quantizing workers are nested. */
import { planConversion } from '../../../convert/plan';
import { memorySource, tinyFiles } from '../../../convert/testing/testCheckpoint';
import { RoundsError } from '../../../shared/errors';
import { openShardStore } from '../../storage/shardStore';
import { convertToStore } from '../convertToStore';

export interface ConvertRequest {
  database: string;
  jobs: number;
  /** Of the last bytes of the weights, to make a NaN. */
  isDamaged?: boolean;
}

self.addEventListener('message', (event: MessageEvent<ConvertRequest>) => {
  const { database, jobs, isDamaged = false } = event.data;
  void convert(database, jobs, isDamaged).then(
    (manifestText) => self.postMessage({ manifestText }),
    (thrown: unknown) => self.postMessage({ error: RoundsError.from(thrown).toWire() }),
  );
});

async function convert(database: string, jobs: number, isDamaged: boolean): Promise<string> {
  const files = tinyFiles();
  if (isDamaged)
    files.get('model.safetensors')?.set([0xc0, 0x7f], files.get('model.safetensors')!.length - 2);
  const plan = await planConversion(memorySource(files), { weights: 'q4', recipe: 'best' });
  const { manifestText } = await convertToStore(plan, openShardStore(database), { jobs, shardBytes: 20_000 });
  return manifestText;
}
