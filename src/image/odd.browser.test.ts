/** Odd but valid files in Chromium, against Pillow (models/goldens/make_odd_images.py); its DecompressionStream differs from Node's. */
import { describe, expect, it } from 'vitest';
import vectors from '../../models/goldens/images/odd.json';
import deflated from '../../models/goldens/images/odd/deflated.dcm?url&inline';
import profile from '../../models/goldens/images/odd/profile.png?url&inline';
import { decodeImage } from './decode';

const FILES = import.meta.glob<string>('../../models/goldens/images/odd/*', {
  query: '?url&inline',
  import: 'default',
  eager: true,
});

const load = async (url: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await (await fetch(url)).arrayBuffer());

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const pack = async (
  bytes: Uint8Array<ArrayBuffer>,
  kind: CompressionFormat,
): Promise<Uint8Array<ArrayBuffer>> => {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream(kind));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

it.each(vectors)('reads frame $frame of $file as the reference does', async ({ file, frame, size, rgb }) => {
  const url = FILES[`../../models/goldens/images/${file}`]!;
  const image = await decodeImage(new Blob([await load(url)]), { frame });
  expect([image.width, image.height]).toEqual(size);
  expect(await sha256(image.data)).toBe(rgb);
});

describe('bytes after the end of packed data', () => {
  const TAILS = [1, 2, 512, 70_000].map((length) => new Uint8Array(length));

  it('do no harm in a deflated DICOM file', async () => {
    const file = await load(deflated);
    const plain = await decodeImage(new Blob([file]));
    for (const tail of TAILS) expect((await decodeImage(new Blob([file, tail]))).data).toEqual(plain.data);
  });

  it('do no harm in a gzipped volume', async () => {
    const volume = new Uint8Array(352 + 27);
    const view = new DataView(volume.buffer);
    view.setInt32(0, 348, true);
    for (const [i, value] of [3, 3, 3, 3].entries()) view.setInt16(40 + i * 2, value, true);
    view.setInt16(70, 2, true);
    view.setFloat32(108, 352, true);
    volume.set(new TextEncoder().encode('n+1'), 344);
    for (let i = 352; i < volume.length; i++) volume[i] = i;
    const packed = await pack(volume, 'gzip');
    const plain = await decodeImage(new Blob([volume]));
    for (const tail of TAILS) expect((await decodeImage(new Blob([packed, tail]))).data).toEqual(plain.data);
  });

  it('do no harm in a TIFF', async () => {
    const [width, height] = [300, 200];
    const pixels = Uint8Array.from({ length: width * height }, (_, i) => i);
    const packed = await pack(pixels, 'deflate');
    for (const tail of TAILS) {
      const fields = [
        [256, width],
        [257, height],
        [258, 8],
        [259, 8],
        [262, 1],
        [273, 8 + 2 + 8 * 12 + 4],
        [278, height],
        [279, packed.length + tail.length],
      ];
      const head = new DataView(new ArrayBuffer(8 + 2 + 8 * 12 + 4));
      head.setUint32(0, 0x49492a00);
      head.setUint32(4, 8, true);
      head.setUint16(8, 8, true);
      for (const [i, [tag, value]] of fields.entries()) {
        head.setUint16(10 + i * 12, tag!, true);
        head.setUint16(12 + i * 12, 4, true);
        head.setUint32(14 + i * 12, 1, true);
        head.setUint32(18 + i * 12, value!, true);
      }
      const image = await decodeImage(new Blob([head.buffer, packed, tail]));
      expect(image.data.filter((_, i) => i % 3 === 0)).toEqual(pixels);
    }
  });

  it('do no harm in a packed text of a PNG', async () => {
    expect((await decodeImage(new Blob([await load(profile), new Uint8Array(100)]))).width).toBe(5);
  });
});
