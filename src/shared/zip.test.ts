import { describe, expect, it } from 'vitest';
import { crc32 } from './crc32';
import { isZip, readZip } from './zipReader';
import { ZipWriter } from './zipWriter';

/** notes/a.txt (40 times `hello `, deflated) and notes/b.txt (`b`, stored), written by Python's zipfile. */
const FOREIGN_ZIP =
  'UEsDBBQAAAAIAAAAIQCeUJR9CwAAAPAAAAALAAAAbm90ZXMvYS50eHTLSM3JyVfIGDEkAFBLAwQUAAAAAAAAACEA+e++cQEAAAABAAAACwAAAG5vdGVzL2IudHh0YlBLAQIUAxQAAAAIAAAAIQCeUJR9CwAAAPAAAAALAAAAAAAAAAAAAACAAQAAAABub3Rlcy9hLnR4dFBLAQIUAxQAAAAAAAAAIQD5775xAQAAAAEAAAALAAAAAAAAAAAAAACAATQAAABub3Rlcy9iLnR4dFBLBQYAAAAAAgACAHIAAABeAAAAAAA=';

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

describe('ZIP', () => {
  it('computes the standard CRC-32', () => {
    expect(crc32(bytes('123456789'))).toBe(0xcbf43926);
    expect(crc32(bytes(''))).toBe(0);
    expect(crc32(bytes('The quick brown fox jumps over the lazy dog'))).toBe(0x414fa339);
  });

  it('reads back what it wrote', async () => {
    const zip = new ZipWriter();
    await zip.add('pack/a.bin', bytes('first'));
    await zip.add('pack/b.bin', new Uint8Array(100_000).fill(7));
    const file = zip.finish();
    expect(await isZip(file)).toBe(true);
    const entries = await readZip(file);
    expect([...entries.keys()]).toEqual(['pack/a.bin', 'pack/b.bin']);
    expect(await entries.get('pack/a.bin')?.bytes()).toEqual(bytes('first'));
    const second = await entries.get('pack/b.bin')?.bytes();
    expect(second).toHaveLength(100_000);
    expect(second?.every((byte) => byte === 7)).toBe(true);
  });

  it('reads what another program compressed', async () => {
    const entries = await readZip(new Blob([Buffer.from(FOREIGN_ZIP, 'base64')]));
    expect(new TextDecoder().decode(await entries.get('notes/a.txt')?.bytes())).toBe('hello '.repeat(40));
    expect(new TextDecoder().decode(await entries.get('notes/b.txt')?.bytes())).toBe('b');
  });

  it('writes offsets beyond 4 GiB, and reads them', async () => {
    const far = 5 * 2 ** 30;
    const zip = new ZipWriter(far);
    await zip.add('far.bin', bytes('far away'));
    const tail = zip.finish();
    // Simulates the five gigabytes before the entry.
    const file = {
      size: far + tail.size,
      slice: (start = 0, end = far + tail.size) => tail.slice(start - far, end - far),
    } as Blob;
    const entries = await readZip(file);
    expect(await entries.get('far.bin')?.bytes()).toEqual(bytes('far away'));
  });

  it('refuses a truncated file, and one that unpacks to more than its directory says', async () => {
    const zip = new ZipWriter();
    await zip.add('a.bin', bytes('some bytes'));
    const file = zip.finish();
    await expect(readZip(file.slice(0, file.size - 30))).rejects.toMatchObject({ code: 'pack_invalid' });
    const lying = new Uint8Array(await new Blob([Buffer.from(FOREIGN_ZIP, 'base64')]).arrayBuffer());
    const view = new DataView(lying.buffer);
    for (let at = 0; at < lying.length - 4; at++) {
      if (view.getUint32(at, true) === 0x02014b50 && view.getUint32(at + 24, true) === 240)
        view.setUint32(at + 24, 20, true);
    }
    const entries = await readZip(new Blob([lying]));
    await expect(entries.get('notes/a.txt')?.bytes()).rejects.toMatchObject({ code: 'pack_invalid' });
  });
});
