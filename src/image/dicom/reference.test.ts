/**
 * DICOM against pydicom: its own sample files and generated ones (models/goldens/make_image_vectors.py). Modality values and
 * the 8-bit picture are equal to the last bit for every transfer syntax. pylibjpeg, pydicom's other decoder of lossy JPEG,
 * rounds differently; the vectors record how far it is from the values that are expected here.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import vectors from '../../../models/goldens/images/dicom.json';
import { decodeDicom } from './decodeDicom';
import { TRANSFER_SYNTAXES } from './syntaxes';

interface Vector {
  file: string;
  syntax: string;
  frame: number;
  frames: number;
  size: number[];
  committed: boolean;
  modality?: string;
  rgb: string;
  pylibjpegDiffersBy?: number;
}

const FOLDER = join(import.meta.dirname, '../../../models/goldens/images');
/** `test_files` of an installed pydicom, for the samples that are too large for this repository. */
const INSTALLED = process.env.ROUNDS_PYDICOM_FILES;

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function check({ frame, frames, size, modality, rgb, syntax }: Vector, path: string) {
  const image = await decodeDicom(new Uint8Array(readFileSync(path)), { frame, raw: true });
  expect([image.width, image.height]).toEqual(size);
  expect(image.facts).toMatchObject({ frames, frame, dicom: { transferSyntax: { uid: syntax } } });
  if (modality === undefined) expect(image.raw).toBeUndefined();
  else expect(sha256(new Uint8Array(Float32Array.from(image.raw!.values).buffer))).toBe(modality);
  expect(sha256(image.data)).toBe(rgb);
}

const rows: Vector[] = vectors;

describe('decodeDicom agrees with pydicom', () => {
  it.each(rows.filter(({ committed }) => committed))('on $file, frame $frame', async (row) => {
    await check(row, join(FOLDER, row.file));
  });

  it.skipIf(INSTALLED === undefined).each(rows.filter(({ committed }) => !committed))(
    'on the large sample $file, frame $frame',
    async (row) => {
      await check(row, join(INSTALLED!, row.file.replace('pydicom/', '')));
    },
  );

  it('in every transfer syntax that can be opened', () => {
    const tested = new Set(rows.filter(({ committed }) => committed).map(({ syntax }) => syntax));
    const readable = TRANSFER_SYNTAXES.filter(({ codec }) => codec !== null).map(({ uid }) => uid);
    expect([...tested].sort()).toEqual(readable.sort());
  });

  it('while two decoders of lossy JPEG are at most four levels apart', () => {
    const differences = rows.flatMap(({ pylibjpegDiffersBy }) => pylibjpegDiffersBy ?? []);
    expect(differences.length).toBeGreaterThan(10);
    expect(Math.max(...differences)).toBeLessThanOrEqual(4);
  });
});
