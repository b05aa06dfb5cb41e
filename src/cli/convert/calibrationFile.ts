/** Reads the calibration file that models/calibrate.py writes. */
import { readFile } from 'node:fs/promises';
import { parseCalibration } from '../../convert/calibration';
import type { Calibration } from '../../convert/choice';
import { RoundsError } from '../../shared/errors';

/** @throws RoundsError file_invalid if the file cannot be read or is not a calibration file */
export async function readCalibration(path: string): Promise<Calibration> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new RoundsError(
      'file_invalid',
      `The calibration file ${path} can't be read. Check the path, or make the file with models/calibrate.py.`,
      { cause },
    );
  });
  return parseCalibration(new Uint8Array(bytes), path);
}
