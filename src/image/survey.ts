/** What a file is, from its first bytes: for a page that gets a whole folder and has to say what it leaves out. */
import { RoundsError } from '../shared/errors';
import type { SurveyedFile } from '../shared/series';
import { readSliceHeader } from './dicom/sliceHeader';
import { unsupportedImage } from './imageError';
import { readRange } from './readRange';
import { isText, SNIFF_BYTES, sniffFormat } from './sniff';

type Other = Extract<SurveyedFile, { kind: 'other' }>;

/** Never rejects: a file that can't be read is `other`. */
export async function surveyFile(blob: Blob): Promise<SurveyedFile> {
  let head: Uint8Array;
  try {
    head = await readRange(blob, 0, SNIFF_BYTES);
  } catch (thrown) {
    return other('unreadable', thrown);
  }
  try {
    if (sniffFormat(head) !== 'dicom') return { kind: 'image' };
    // What is wrong with a header is said when the file is opened.
    const header = await readSliceHeader(blob).catch(() => null);
    if (header === 'none') throw unsupportedImage('the DICOM file has no image', 'choose another file');
    return header ? { kind: 'slice', header } : { kind: 'image' };
  } catch (thrown) {
    return other(head.length > 0 && isText(head) ? 'text' : 'unknown', thrown);
  }
}

function other(what: Other['what'], thrown: unknown): Other {
  return { kind: 'other', what, error: RoundsError.from(thrown, 'image_invalid').toWire() };
}
