/** Slices against nibabel (models/goldens/make_image_vectors.py), and what is refused. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import vectors from '../../../models/goldens/images/volumes.json';
import type { Plane } from '../../shared/imageFacts';
import { decodeImage } from '../decode';

interface Vector {
  file: string;
  plane: string;
  volume: number;
  volumes: number;
  slices: Record<Plane, number>;
  asked: number | null;
  frame: number;
  size: number[];
  values?: string;
  rgb: string;
}

const FOLDER = join(import.meta.dirname, '../../../models/goldens/images');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const read = (file: string) => new Uint8Array(readFileSync(join(FOLDER, file)));
const rows: Vector[] = vectors;

describe('decodeNifti', () => {
  it.each(rows)('agrees with nibabel on $file: $plane, slice $asked, volume $volume', async (row) => {
    const plane = row.plane as Plane;
    const image = await decodeImage(new Blob([read(row.file)]), {
      plane,
      volume: row.volume,
      raw: true,
      ...(row.asked === null ? {} : { frame: row.asked }),
    });
    expect([image.width, image.height]).toEqual(row.size);
    const { volume, volumes, slices, frame } = row;
    expect(image.facts).toMatchObject({
      frame,
      frames: slices[plane],
      nifti: { plane, slices, volume, volumes },
    });
    if (row.values === undefined) expect(image.raw).toBeUndefined();
    else expect(sha256(new Uint8Array(Float32Array.from(image.raw!.values).buffer))).toBe(row.values);
    expect(sha256(image.data)).toBe(row.rgb);
  });

  it('applies a requested window, and offers the file’s and that of its quantiles', async () => {
    const image = await decodeImage(new Blob([read('made/scaled.nii')]), { window: [40, 400] });
    expect(image.facts.window).toEqual([40, 400]);
    expect(image.facts.presets.map(({ label }) => label)).toEqual([{ code: 'quantiles' }]);
    const series = await decodeImage(new Blob([read('made/series.nii.gz')]));
    expect(series.facts.presets.map(({ label }) => label)).toEqual([
      { code: 'file', params: { number: 1 } },
      { code: 'quantiles' },
    ]);
    expect(series.facts.window).toEqual([100, 160]);
  });

  it('knows the shape of a pixel, and whether the file is oriented', async () => {
    const series = await decodeImage(new Blob([read('made/series.nii.gz')]), { plane: 'coronal' });
    expect(series.facts).toMatchObject({ pixelAspect: 3, nifti: { isOriented: true } });
    const bare = await decodeImage(new Blob([read('made/unoriented.nii.gz')]));
    expect(bare.facts).toMatchObject({ pixelAspect: 1, nifti: { isOriented: false } });
  });

  const refusal = (code: string, text: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(text) as string }) as Error;
  const edited = (edit: (view: DataView) => void): Uint8Array<ArrayBuffer> => {
    const bytes = read('made/scaled.nii');
    edit(new DataView(bytes.buffer));
    return bytes;
  };

  it.each<[string, (view: DataView) => void, string, RegExp]>([
    ['complex numbers', (view) => view.setInt16(70, 32, true), 'image_unsupported', /type 32/],
    ['a volume in a second file', (view) => view.setUint8(345, 0x69), 'image_unsupported', /another file/],
    ['a side of 0', (view) => view.setInt16(42, 0, true), 'image_invalid', /damaged/],
    ['more voxels than there are', (view) => view.setInt16(46, 90, true), 'image_invalid', /ends early/],
    ['a bomb', (view) => view.setInt16(44, 32000, true), 'image_invalid', /ends early|larger/],
    [
      'more than can be unpacked',
      (view) => [42, 44, 46].forEach((at) => view.setInt16(at, 2000, true)),
      'image_too_large',
      /16001 MB/,
    ],
  ])('refuses %s', async (_, edit, code, text) => {
    await expect(decodeImage(new Blob([edited(edit)]), { name: 'a.nii' })).rejects.toThrow(
      refusal(code, text),
    );
  });

  it('refuses slices, volumes and windows that don’t exist', async () => {
    const blob = new Blob([read('made/scaled.nii')]);
    await expect(decodeImage(blob, { frame: 99 })).rejects.toThrow(refusal('request_invalid', /slices/));
    await expect(decodeImage(blob, { volume: 1 })).rejects.toThrow(
      refusal('request_invalid', /the file has 1 volume/),
    );
    await expect(decodeImage(blob, { window: [1, 0] })).rejects.toThrow(refusal('request_invalid', /width/));
  });

  it('refuses gzip archives that are truncated or contain something else', async () => {
    const packed = read('made/series.nii.gz');
    await expect(decodeImage(new Blob([packed.slice(0, 200)]))).rejects.toThrow(
      refusal('image_invalid', /./),
    );
    const stream = new Blob(['no volume at all']).stream().pipeThrough(new CompressionStream('gzip'));
    const other = new Blob([await new Response(stream).arrayBuffer()]);
    await expect(decodeImage(other, { name: 'a.gz' })).rejects.toThrow(
      refusal('image_unsupported', /^a\.gz: this gzip archive has no NIfTI/),
    );
  });
});
