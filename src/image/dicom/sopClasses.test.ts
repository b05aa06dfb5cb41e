/** DICOM files without pixels: each says what it is and what to open instead. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../decode';
import { dicomFile, type TestElement } from './testing/testDicom';

const STORAGE = '1.2.840.10008.5.1.4.1.1.';
const KINDS: [sopClass: string, sentence: RegExp][] = [
  ['1.2.840.10008.1.3.10', /index of a disc.*; open the image files in the folders beside it\.$/],
  [`${STORAGE}88.11`, /structured report \(SR\).*; open the images of the study/],
  [`${STORAGE}88.33`, /structured report/],
  [`${STORAGE}88.67`, /structured report/],
  [`${STORAGE}88.59`, /Key Object Selection/],
  [`${STORAGE}11.1`, /presentation state/],
  [`${STORAGE}104.1`, /PDF document.*; extract the PDF/],
  [`${STORAGE}104.2`, /text document/],
  [`${STORAGE}104.3`, /3-D model/],
  [`${STORAGE}9.1.1`, /waveforms \(such as an ECG\)/],
  [`${STORAGE}481.3`, /contours for radiotherapy/],
  [`${STORAGE}481.5`, /radiotherapy plan/],
  [`${STORAGE}481.8`, /radiotherapy plan/],
  [`${STORAGE}66`, /raw data/],
  [`${STORAGE}66.1`, /registration/],
  [`${STORAGE}66.2`, /fiducials/],
  [`${STORAGE}66.5`, /surfaces/],
  [`${STORAGE}67`, /Real World Value Mapping/],
  [`${STORAGE}4.2`, /spectroscopy/],
  [`${STORAGE}78.1`, /measurements of the eye/],
  // A CT image whose pixels were removed; it isn't of a kind that never has any.
  [`${STORAGE}2`, /no image in it; choose an image of the series/],
  ['', /no image in it/],
];
const text: TestElement = { tag: [0x0010, 0x0010], vr: 'PN', value: 'Secret^Person' };
const uid = (value: string): TestElement => ({ tag: [0x0008, 0x0016], vr: 'UI', value });

const failure = (bytes: Uint8Array<ArrayBuffer>, name = 'I0001'): Promise<Error> =>
  decodeImage(new Blob([bytes]), { name }).then(
    () => Promise.reject(new Error('opened')),
    (error: Error) => error,
  );

describe('a DICOM file without pixels says what it is', () => {
  it.each(KINDS)('of SOP class %s', async (sopClass, sentence) => {
    const files = [
      await dicomFile([uid(sopClass), text]),
      await dicomFile([text], 'explicit', { sopClass }),
      await dicomFile([uid(sopClass), text], 'implicit'),
    ];
    for (const file of files) {
      const error = await failure(file);
      expect(error).toMatchObject({ code: 'image_unsupported' });
      expect(error.message).toMatch(/^I0001: .*; \p{Ll}.*\.$/u);
      expect(error.message).toMatch(sentence);
      expect(error.message).not.toMatch(/Secret/);
    }
  });

  it('as a DICOMDIR of a disc', async () => {
    const file = readFileSync(join(import.meta.dirname, '../../../models/goldens/images/reported/DICOMDIR'));
    const error = await failure(new Uint8Array(file), 'DICOMDIR');
    expect(error.message).toBe(
      'DICOMDIR: this is the index of a disc (DICOMDIR), not an image; open the image files in the folders beside it.',
    );
  });

  it('unless it is cut off', async () => {
    const file = await dicomFile([uid(`${STORAGE}2`), text]);
    expect((await failure(file.slice(0, -3))).message).toMatch(/damaged or incomplete/);
  });
});
