import { describe, expect, it } from 'vitest';
import { dicomFile, imageElements } from './dicom/testing/testDicom';
import { surveyFile } from './survey';

const slice = { rows: 2, columns: 3, pixels: [1, 2, 3, 4, 5, 6] };

describe('surveyFile', () => {
  it('knows slices, other images, texts and unknown bytes', async () => {
    const dicom = await dicomFile(imageElements(slice));
    expect(await surveyFile(new Blob([dicom]))).toMatchObject({
      kind: 'slice',
      header: { rows: 2, columns: 3 },
    });
    expect(await surveyFile(new Blob([new Uint8Array([0xff, 0xd8, 0xff])]))).toEqual({ kind: 'image' });
    expect(await surveyFile(new Blob(['Which organ is this?\nA) liver\n']))).toMatchObject({ what: 'text' });
    expect(await surveyFile(new Blob([Uint8Array.of(1, 2, 3, 0, 5)]))).toMatchObject({ what: 'unknown' });
    expect(await surveyFile(new Blob([]))).toMatchObject({
      what: 'unknown',
      error: { code: 'image_invalid' },
    });
  });

  it('distinguishes a file that the browser can’t read from one that isn’t an image', async () => {
    const gone = new Blob(['x']);
    gone.slice = () => {
      throw new DOMException('A requested file could not be found.', 'NotFoundError');
    };
    gone.arrayBuffer = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
    const surveyed = await surveyFile(gone);
    expect(surveyed).toMatchObject({ kind: 'other', what: 'unreadable', error: { code: 'image_invalid' } });
  });

  it('opens a damaged DICOM file as an image, which says what is damaged', async () => {
    const dicom = await dicomFile(imageElements(slice));
    expect(await surveyFile(new Blob([dicom.slice(0, 180)]))).toEqual({ kind: 'image' });
  });
});
