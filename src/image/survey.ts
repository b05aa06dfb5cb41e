/** What a file is, from its first bytes: for a page that gets a whole folder and has to say what it leaves out. */
import { RoundsError } from '../shared/errors';
import type { SurveyedFile } from '../shared/series';
import { readSliceHeader, readStart } from './dicom/sliceHeader';
import { unsupportedImage } from './imageError';
import { isText, SNIFF_BYTES, sniffFormat } from './sniff';

/** Never rejects: a file that can't be read is `other`. */
export async function surveyFile(blob: Blob): Promise<SurveyedFile> {
  let head = new Uint8Array();
  try {
    head = await readStart(blob, SNIFF_BYTES);
    if (sniffFormat(head) !== 'dicom') return { kind: 'image' };
    const header = await readSliceHeader(blob);
    if (header === 'none') throw unsupportedImage('the DICOM file has no image', 'choose another file');
    return header ? { kind: 'slice', header } : { kind: 'image' };
  } catch (thrown) {
    const error = RoundsError.from(thrown, 'image_invalid').toWire();
    return { kind: 'other', isText: head.length > 0 && isText(head), error };
  }
}
