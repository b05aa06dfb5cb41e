/** Large files: only the header and the requested frame are read of a Blob, whatever its size. */
import { describe, expect, it } from 'vitest';
import { decodeDicom } from './decodeDicom';
import { dicomFile, encapsulated, imageElements, rleFrame, type TestElement } from './testing/testDicom';

const WINDOW: TestElement[] = [
  { tag: [0x0028, 0x1050], vr: 'DS', value: '128' },
  { tag: [0x0028, 0x1051], vr: 'DS', value: '256' },
];

/** A Blob of sparse parts, which counts what is read of it and can't be read as a whole. */
class SparseBlob extends Blob {
  bytesRead = 0;
  reads = 0;
  readonly #size: number;
  readonly #parts: { start: number; bytes: Uint8Array }[];

  /** @param parts in order; between them are zeros */
  constructor(size: number, parts: { start: number; bytes: Uint8Array }[]) {
    super();
    this.#size = size;
    this.#parts = parts;
  }

  override get size(): number {
    return this.#size;
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.reject(new Error('read as a whole'));
  }

  override slice(start = 0, end = this.#size): Blob {
    const range = new Uint8Array(Math.min(end, this.#size) - start);
    for (const part of this.#parts) {
      const from = Math.max(start, part.start);
      const to = Math.min(start + range.length, part.start + part.bytes.length);
      if (to > from) range.set(part.bytes.subarray(from - part.start, to - part.start), from - start);
    }
    this.bytesRead += range.length;
    this.reads++;
    return new Blob([range]);
  }
}

const header = (frames: number, side: number, more: TestElement[] = []) =>
  imageElements({ rows: side, columns: side, pixels: [], frames, more: [...WINDOW, ...more] }).slice(0, -1);

/** A header and the tag of native pixels, without their values. */
async function nativeHead(frames: number, side: number, more: TestElement[] = []) {
  const pixels: TestElement = { tag: [0x7fe0, 0x0010], vr: 'OB', value: new Uint8Array() };
  const head = await dicomFile([...header(frames, side, more), pixels]);
  new DataView(head.buffer).setUint32(head.length - 4, frames * side * side, true);
  return head;
}

const grey = ({ data }: { data: Uint8Array }) => data.filter((_, i) => i % 3 === 0);

describe('a DICOM file of gigabytes', () => {
  const [frames, side] = [7600, 512];
  const size = side * side;

  it('shows an uncompressed frame without reading the others', async () => {
    const head = await nativeHead(frames, side);
    const parts = [0, 1000, 7599].map((frame) => ({
      start: head.length + frame * size,
      bytes: new Uint8Array(size).fill(frame % 251),
    }));
    const blob = new SparseBlob(head.length + frames * size, [{ start: 0, bytes: head }, ...parts]);
    for (const frame of [0, 1000, 7599]) {
      expect(new Set(grey(await decodeDicom(blob, { frame })))).toEqual(new Set([frame % 251]));
    }
    expect(blob.bytesRead).toBeLessThan(3 * size + 1_000_000);
  });

  it('passes large values before the pixels, and items of every frame', async () => {
    const large: TestElement = { tag: [0x0011, 0x1010], vr: 'OB', value: new Uint8Array(5_000_000).fill(9) };
    const items = Array.from({ length: 300 }, (_, i): TestElement[] => [
      { tag: [0x0028, 0x9132], vr: 'SQ', value: [[{ tag: [0x0028, 0x1050], vr: 'DS', value: String(i) }]] },
      { tag: [0x0020, 0x9113], vr: 'LO', value: 'x'.repeat(2000) },
    ]);
    const more: TestElement[] = [large, { tag: [0x5200, 0x9230], vr: 'SQ', value: items }];
    const head = await nativeHead(300, side, more);
    const bytes = new Uint8Array(size).fill(77);
    const blob = new SparseBlob(head.length + 300 * size, [
      { start: 0, bytes: head },
      { start: head.length + 299 * size, bytes },
    ]);
    expect(new Set(grey(await decodeDicom(blob, { frame: 299 })))).toEqual(new Set([77]));
    expect(blob.bytesRead).toBeLessThan(4_000_000);
  });

  it.each([
    ['one fragment per frame', 1],
    ['several fragments per frame', 4],
  ])('shows a compressed frame without reading the others: %s', async (_, split) => {
    const values = (frame: number) => Array.from({ length: 64 * 64 }, (_, i) => (frame * 7 + i) & 255);
    const fragments = Array.from({ length: 1200 }, (_, frame) => rleFrame(values(frame))).flatMap((coded) =>
      Array.from({ length: split }, (_, i) => {
        const step = Math.ceil(coded.length / split / 2) * 2;
        return coded.subarray(i * step, (i + 1) * step);
      }),
    );
    let offset = 0;
    const offsets = fragments.map(
      ({ length }) => (offset += length + (length % 2) + 8) - length - (length % 2) - 8,
    );
    const table = offsets.filter((_, i) => i % split === 0);
    const file = await dicomFile(
      [...header(1200, 64), encapsulated(fragments, table)],
      '1.2.840.10008.1.2.5',
    );
    const blob = new SparseBlob(file.length, [{ start: 0, bytes: file }]);
    expect(Array.from(grey(await decodeDicom(blob, { frame: 321 })))).toEqual(values(321));
    // Headers of fragments this small are read with what is between them.
    expect(blob.bytesRead).toBeLessThan(file.length * 1.1 + 100_000);
    expect(blob.reads).toBeLessThan(50);
  });

  it('can’t be read any more if it was changed', async () => {
    const blob = new SparseBlob(2e9, []);
    blob.slice = () => {
      throw new DOMException('gone', 'NotReadableError');
    };
    await expect(decodeDicom(blob)).rejects.toThrow(
      /can’t be read, because it was moved, changed or deleted/,
    );
  });
});
