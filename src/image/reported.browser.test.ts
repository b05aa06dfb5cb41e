/** Files of kinds that people reported about other viewers, in Chromium: its decoders and its DecompressionStream differ from Node's. */
import { describe, expect, it } from 'vitest';
import vectors from '../../models/goldens/images/reported.json';
import series from '../../models/goldens/images/made/series.nii.gz?url&inline';
import { decodeImage } from './decode';

const FILES = import.meta.glob<string>('../../models/goldens/images/reported/*', {
  // In the source itself: a server announces .gz as an encoding, and fetch would unpack it.
  query: '?url&inline',
  import: 'default',
  eager: true,
});

const read = async (file: string): Promise<Blob> =>
  (await fetch(FILES[`../../models/goldens/images/${file}`]!)).blob();

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const pack = async (bytes: Uint8Array<ArrayBuffer>): Promise<Blob> =>
  new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))).blob();

describe('decodeImage in a browser', () => {
  it.each(vectors)('reads $file as the reference does', async ({ file, size, rgb }) => {
    const image = await decodeImage(await read(file), { name: file });
    expect([image.width, image.height]).toEqual(size);
    expect(await sha256(image.data)).toBe(rgb);
  });

  it('reads an AVIF whose major brand is a general one', async () => {
    const image = await decodeImage(await read('reported/j8_mif1.avif'));
    expect(image).toMatchObject({ width: 64, height: 48, facts: { format: 'AVIF' } });
  });

  it('reads gzip files of many members, with padding after them', async () => {
    const packed = await (await fetch(series)).blob();
    const plain = await decodeImage(packed);
    const stream = packed.stream().pipeThrough(new DecompressionStream('gzip'));
    const volume = new Uint8Array(await new Response(stream).arrayBuffer());
    for (const size of [97, 4096, volume.length]) {
      const members: Blob[] = [];
      for (let at = 0; at < volume.length; at += size)
        members.push(await pack(volume.subarray(at, at + size)));
      const files = [new Blob(members), new Blob([...members, new Uint8Array(1000)])];
      for (const file of files) {
        const image = await decodeImage(file);
        expect(image.facts).toEqual(plain.facts);
        expect(await sha256(image.data)).toBe(await sha256(plain.data));
      }
    }
  });

  it('doesn’t take the bytes of a member for the header of the next one', async () => {
    const volume = await decodeImage(await (await fetch(series)).blob());
    const stream = (await (await fetch(series)).blob()).stream().pipeThrough(new DecompressionStream('gzip'));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    // The comment of a header may hold anything but zeros; this one holds a header.
    const packed = new Uint8Array(await (await pack(bytes)).arrayBuffer());
    packed[3] = 0x10;
    const comment = Uint8Array.from([
      ...new Array<number>(20).fill(32),
      0x1f,
      0x8b,
      8,
      2,
      1,
      1,
      1,
      1,
      2,
      3,
      0,
    ]);
    const file = new Blob([packed.subarray(0, 10), comment, packed.subarray(10)]);
    const image = await decodeImage(file);
    expect(await sha256(image.data)).toBe(await sha256(volume.data));
  });

  it('reads a PNG with bytes after the end of its packed data', async () => {
    const bytes = new Uint8Array(await (await read('reported/p3_extra_data.png')).arrayBuffer());
    expect((await decodeImage(new Blob([bytes, new Uint8Array(500)]))).width).toBe(28);
  });
});
