/** Work and memory are bounded by what the picture needs, whatever the file says and however large it is. */
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './decode';
import { checkScans } from './jpegScans';
import { makeNifti, makePng, makeTiff, niftiHeader, pngChunk, type TiffField } from './testing/makeFiles';

const decode = (bytes: Uint8Array) =>
  decodeImage(new Blob([bytes as Uint8Array<ArrayBuffer>]), { name: 'a' });
const tooLarge = expect.objectContaining({ code: 'image_too_large' }) as Error;
const invalid = expect.objectContaining({ code: 'image_invalid' }) as Error;

/** A file of zeros with some bytes at places, which counts what is read of it. */
function sparseFile(
  size: number,
  parts: [at: number, bytes: Uint8Array][],
): { blob: Blob; read: () => number } {
  let total = 0;
  const range = (start: number, end: number): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(Math.min(end, size) - start);
    total += bytes.length;
    for (const [at, part] of parts) {
      const from = Math.max(start, at);
      const to = Math.min(end, at + part.length);
      if (from < to) bytes.set(part.subarray(from - at, to - at), from - start);
    }
    return bytes;
  };
  const blob = {
    size,
    slice: (start: number, end: number) => ({ arrayBuffer: () => Promise.resolve(range(start, end).buffer) }),
    arrayBuffer: () => expect.fail('read as a whole'),
  };
  return { blob: blob as unknown as Blob, read: () => total };
}

describe('a large file', () => {
  it('of NIfTI is read where its volume is', async () => {
    const volumeBytes = 64 * 64 * 30 * 2;
    const header = niftiHeader([64, 64, 30, 5000], 4);
    const voxels = Buffer.alloc(volumeBytes).fill(1, 1000, 5000);
    const file = sparseFile(352 + 5000 * volumeBytes, [
      [0, header],
      [352 + 4000 * volumeBytes, voxels],
    ]);
    expect(file.blob.size).toBeGreaterThan(1.2e9);
    const image = await decodeImage(file.blob, { volume: 4000, frame: 0 });
    expect(new Set(image.data).size).toBe(2);
    expect(file.read()).toBeLessThan(volumeBytes + 10_000);
  });

  it('of NIfTI whose volume is too large to be stored gives its slices all the same', async () => {
    const header = niftiHeader([700, 700, 600], 2);
    const bright = Buffer.alloc(700).fill(9);
    const at = 352 + 700 * 700 * 599;
    const file = sparseFile(352 + 700 * 700 * 600, [
      [0, header],
      [at, bright],
    ]);
    const parts = new Map<string, Promise<unknown>>();
    const remember = <T>(part: string, bytes: number, read: () => Promise<T>): Promise<T> => {
      if (!parts.has(part)) parts.set(part, read());
      expect(bytes).toBeLessThan(1000);
      return parts.get(part) as Promise<T>;
    };
    const last = await decodeImage(file.blob, { frame: 599, remember });
    expect(last.data.filter((level) => level === 255)).toHaveLength(700 * 3);
    const read = file.read();
    const again = await decodeImage(file.blob, { frame: 599, remember });
    expect(Buffer.compare(again.data, last.data)).toBe(0);
    expect(file.read() - read).toBeLessThan(700 * 700 + 10_000);
    const side = await decodeImage(file.blob, { plane: 'sagittal', frame: 3, remember });
    expect(side.data.filter((level) => level === 255)).toHaveLength(3);
  });

  it('of TIFF is read where its page is', async () => {
    const page = (next: number, offset: number): Buffer => {
      const fields: TiffField[] = [
        [256, 3, 16],
        [257, 3, 16],
        [258, 3, 8],
        [262, 3, 1],
        [273, 4, offset],
        [277, 3, 1],
        [279, 4, 256],
      ];
      const tiff = makeTiff(fields, Buffer.alloc(0));
      tiff.writeUInt32LE(next, 10 + fields.length * 12);
      return tiff;
    };
    const [second, pixels] = [3e8, 2e8];
    const file = sparseFile(4e8, [
      [0, page(second + 8, 1e8)],
      [second, page(0, pixels)],
      [pixels, Buffer.alloc(256, 7)],
    ]);
    const image = await decodeImage(file.blob, { frame: 1 });
    expect([image.facts.frames, ...new Set(image.data)]).toEqual([2, 7]);
    expect(file.read()).toBeLessThan(500_000);
  });
});

describe('a small file', () => {
  it('of gzip doesn’t unpack more than its volume, nor what is out of proportion', async () => {
    const volume = makeNifti([10, 10, 10], 2, Buffer.alloc(1000));
    const image = await decode(gzipSync(Buffer.concat([volume, Buffer.alloc(1e8)])));
    expect(image.width).toBe(10);
    const wide = gzipSync(makeNifti([2000, 2000, 400], 2, Buffer.alloc(1000)));
    await expect(decode(wide)).rejects.toThrow(tooLarge);
  });

  it('of PNG may have a million chunks without content', async () => {
    const empty = new Array<Buffer>(1_000_000).fill(pngChunk('IDAT', Buffer.alloc(0)));
    const png = makePng({
      width: 2,
      height: 1,
      depth: 8,
      color: 0,
      samples: Buffer.from([1, 2]),
      before: [Buffer.concat(empty)],
    });
    const start = performance.now();
    expect([...(await decode(png)).data]).toEqual([1, 1, 1, 2, 2, 2]);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('of PNG allocates nothing for pixels that don’t fit', async () => {
    const png = makePng({ width: 1, height: 1, depth: 16, color: 6, samples: Buffer.alloc(8) });
    png.writeUInt32BE(8000, 16);
    png.writeUInt32BE(8000, 20);
    png.set(pngChunk('IHDR', png.subarray(16, 29)), 8);
    await expect(decode(png)).rejects.toThrow(tooLarge);
  });

  const tiled = (width: number, height: number, side: number, count: number, data: Buffer): Buffer =>
    makeTiff(
      [
        [256, 4, width],
        [257, 4, height],
        [258, 3, 8],
        [259, 3, 8],
        [262, 3, 1],
        [277, 3, 1],
        [322, 4, side],
        [323, 4, side],
        [324, 4, ...new Array<number>(count).fill(-1)],
        [325, 4, ...new Array<number>(count).fill(data.length)],
      ],
      data,
    );

  it('of TIFF may have many small tiles, but not one for each pixel', async () => {
    const tile = deflateSync(Buffer.alloc(256, 5));
    const image = await decode(tiled(1600, 1600, 16, 10_000, tile));
    expect([...new Set(image.data)]).toEqual([5]);
    await expect(decode(tiled(1000, 1000, 1, 1_000_000, tile))).rejects.toThrow(invalid);
  });

  it('of TIFF unpacks only what its tiles need', async () => {
    const bomb = deflateSync(Buffer.alloc(200_000_000));
    const start = performance.now();
    expect((await decode(tiled(160, 160, 16, 100, bomb))).width).toBe(160);
    expect((await decode(tiled(512, 512, 256, 4, bomb))).width).toBe(512);
    expect(performance.now() - start).toBeLessThan(5000);
    await expect(decode(tiled(64, 64, 20_000, 1, bomb))).rejects.toThrow(invalid);
  });

  it('of TIFF can’t have directories that overlap', async () => {
    const file = Buffer.alloc(1_000_000);
    file.write('II*\0\x08\0\0\0', 'latin1');
    for (let at = 8; at < file.length - 2; at += 2) file.writeUInt16LE(40_000, at);
    const start = performance.now();
    await expect(decode(file)).rejects.toThrow(invalid);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('of JPEG can’t have a thousand scans of a large picture', () => {
    const scans = (count: number): Uint8Array =>
      new Uint8Array(Buffer.from('\xff\xda\0\x08'.repeat(count), 'latin1'));
    expect(() => checkScans(scans(1000), { width: 2000, height: 2000 })).toThrow(tooLarge);
    expect(() => checkScans(scans(64), { width: 8000, height: 8000 })).not.toThrow();
    expect(() => checkScans(scans(1000), { width: 64, height: 64 })).not.toThrow();
  });
});
