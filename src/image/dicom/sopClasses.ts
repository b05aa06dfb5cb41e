/** DICOM objects that aren't images, by their SOP class (PS3.4 B.5, PS3.6 table A-1): what each one is, and what helps. */
import { unsupportedImage } from '../imageError';
import type { RoundsError } from '../../shared/errors';

const STORAGE = '1.2.840.10008.5.1.4.1.1.';
const OPEN_IMAGES = 'open the images of the study instead';

/** Beginnings of UIDs; the first that matches counts. */
const KINDS: [uid: string, problem: string, step: string][] = [
  [
    '1.2.840.10008.1.3.10',
    'this is the index of a disc (DICOMDIR), not an image',
    'open the image files in the folders beside it',
  ],
  [`${STORAGE}88.59`, 'this is a list of selected images (Key Object Selection), not an image', OPEN_IMAGES],
  [`${STORAGE}88.`, 'this is a structured report (SR), not an image', OPEN_IMAGES],
  [`${STORAGE}11.`, 'this is a presentation state (PR), which says how other images are shown', OPEN_IMAGES],
  [
    `${STORAGE}104.1`,
    'this is a PDF document in a DICOM file, not an image',
    'extract the PDF (for example with dcm2pdf) and save the page as PNG',
  ],
  [`${STORAGE}104.2`, 'this is a text document (CDA) in a DICOM file, not an image', OPEN_IMAGES],
  [`${STORAGE}104.`, 'this is a 3-D model in a DICOM file, not an image', OPEN_IMAGES],
  [
    `${STORAGE}9.`,
    'this is a recording of waveforms (such as an ECG), not an image',
    'save a picture of it as PNG',
  ],
  [
    `${STORAGE}481.3`,
    'this is a set of contours for radiotherapy (RT Structure Set), not an image',
    OPEN_IMAGES,
  ],
  [`${STORAGE}481.`, 'this is a radiotherapy plan or record (RT), not an image', OPEN_IMAGES],
  [`${STORAGE}66.1`, 'this is a registration, which says how images lie on each other', OPEN_IMAGES],
  [`${STORAGE}66.2`, 'this is a list of points (fiducials), not an image', OPEN_IMAGES],
  [`${STORAGE}66.3`, 'this is a registration, which says how images lie on each other', OPEN_IMAGES],
  [`${STORAGE}66.5`, 'this is a segmentation by surfaces, not an image', OPEN_IMAGES],
  [`${STORAGE}66.6`, 'these are nerve tracts (tractography), not an image', OPEN_IMAGES],
  [`${STORAGE}66`, 'this is raw data of a scanner, not an image', OPEN_IMAGES],
  [
    `${STORAGE}67`,
    'this is a table of measured values (Real World Value Mapping), not an image',
    OPEN_IMAGES,
  ],
  [`${STORAGE}68.`, 'this is a 3-D surface, not an image', OPEN_IMAGES],
  [`${STORAGE}4.2`, 'this is MR spectroscopy, which has spectra instead of an image', OPEN_IMAGES],
  [`${STORAGE}78.`, 'these are measurements of the eye, not an image', OPEN_IMAGES],
  [`${STORAGE}79.`, 'these are measurements of the eye, not an image', OPEN_IMAGES],
  [`${STORAGE}80.`, 'these are measurements of the eye, not an image', OPEN_IMAGES],
  ['1.2.840.10008.5.1.4.38.', 'this is a hanging protocol, which says how images are arranged', OPEN_IMAGES],
  ['1.2.840.10008.5.1.4.39.', 'this is a colour palette, not an image', OPEN_IMAGES],
  ['1.2.840.10008.5.1.4.34.', 'this is a list of work for radiotherapy, not an image', OPEN_IMAGES],
];

/** @returns the `image_unsupported` for an object that never has pixels; null for one that should have them */
export function notAnImage(sopClass: string): RoundsError | null {
  const known = KINDS.find(
    ([uid]) => sopClass === uid || sopClass.startsWith(uid.endsWith('.') ? uid : `${uid}.`),
  );
  return known ? unsupportedImage(known[1], known[2]) : null;
}
