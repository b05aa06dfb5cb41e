/** What a job of the library is doing now. The page words it (src/app/text/jobDetail.ts). */
import type { WaitReason } from './waitReason';

export type JobDetail =
  | { code: 'reading_manifest' }
  | { code: 'reading_config' }
  | { code: 'reading_calibration' }
  | { code: 'fetching_part'; params: { part: number; parts: number } }
  | { code: 'quantizing'; params: { tensor: string } }
  | { code: 'reading_file'; params: { file: string } }
  | { code: 'writing_file'; params: { file: string } }
  | { code: 'comparing_file'; params: { file: string } }
  /** Before the next request. `milliseconds` is null while there is no network. */
  | { code: 'waiting'; params: { reason: WaitReason; milliseconds: number | null } };
