/** A progressive JPEG may have thousands of scans, each of which costs a browser a pass over all pixels. */
import { RoundsError } from '../shared/errors';
import type { PixelSize } from './dimensions';

/** Encoders write up to a dozen; more than this isn't a picture but an attack, or an experiment. */
const USUAL_SCANS = 64;
/** Pixels times scans that are decoded above that; about a second. */
const MAX_WORK = 64 * 1000 * 1000;

const START_OF_SCAN = 0xda;

/** @throws RoundsError image_too_large */
export function checkScans(bytes: Uint8Array, { width, height }: PixelSize): void {
  const most = Math.max(USUAL_SCANS, Math.floor(MAX_WORK / (width * height)));
  let scans = 0;
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === START_OF_SCAN && ++scans > most) {
      throw new RoundsError(
        'image_too_large',
        `the JPEG data has more than ${most} scans, which take too long; save it again as an ordinary JPEG.`,
      );
    }
  }
}
