/** Files of the kinds that people report as refused or shown wrongly; the pictures are worked out with pydicom and numpy. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import reported from '../../../models/goldens/images/reported_dicom.json';
import { decodeDicom } from './decodeDicom';

const FOLDER = join(import.meta.dirname, '../../../models/goldens/images');
const read = (file: string) => new Uint8Array(readFileSync(join(FOLDER, file)));

describe('decodeDicom reads', () => {
  it.each(reported)('$file, frame $frame', async ({ file, frame, size, rgb }) => {
    const image = await decodeDicom(read(file), { frame });
    expect([image.width, image.height]).toEqual(size);
    expect(createHash('sha256').update(image.data).digest('hex')).toBe(rgb);
  });
});
