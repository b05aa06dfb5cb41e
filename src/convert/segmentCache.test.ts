import { describe, expect, it } from 'vitest';
import { SegmentCache } from './segmentCache';
import type { BlobLike, Part } from './source';

/** Files of 100 bytes (0…99) in segments of 10 bytes; `requests` lists the ranges that were read. */
function counted(readAhead = 0) {
  const cache = new SegmentCache({ segmentBytes: 10, readAhead });
  const requests: string[] = [];
  const file = Uint8Array.from({ length: 100 }, (_, i) => i);
  let failures = 0;
  const open = (parts: Part[] | null = []): BlobLike => {
    const blob = cache.open(file.length, (start, end) => {
      requests.push(`${start}-${end}`);
      if (failures-- > 0) return Promise.reject(new Error('connection lost'));
      return Promise.resolve(file.slice(start, end).buffer);
    });
    if (parts) blob.setParts?.(parts);
    return blob;
  };
  const blob = open();
  const read = async (start: number, end: number, from = blob): Promise<number[]> => [
    ...new Uint8Array(await from.slice(start, end).arrayBuffer()),
  ];
  return { requests, read, blob, open, fail: (times: number) => (failures = times) };
}

const numbers = (start: number, end: number): number[] =>
  Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);

describe('SegmentCache', () => {
  it.each([
    ['without large parts', []],
    [
      'with large parts',
      [
        { start: 3, end: 41 },
        { start: 41, end: 42 },
        { start: 42, end: 90 },
      ],
    ],
  ])('reads any range of a file %s, also across segments and at the end', async (_how, parts) => {
    const { read, blob } = counted(2);
    blob.setParts?.(parts);
    expect(blob.size).toBe(100);
    for (let start = 0; start < 100; start += 7) {
      for (const end of [start, start + 1, start + 23, 100, 200]) {
        expect(await read(start, end)).toEqual(numbers(start, Math.min(end, 100)));
      }
    }
  });

  it('requests a segment once, also for concurrent reads', async () => {
    const { requests, read } = counted();
    await Promise.all([read(0, 4), read(4, 9), read(8, 12)]);
    await read(1, 3);
    expect(requests).toEqual(['0-10', '10-20']);
  });

  it('evicts the least recently used segment of all files', async () => {
    const { requests, read, open } = counted();
    const other = open();
    for (const start of [0, 10, 20]) await read(start, start + 1);
    for (const start of [0, 10, 20]) await read(start, start + 1, other);
    await read(0, 1);
    await read(30, 31, other);
    requests.length = 0;
    await read(0, 1);
    await read(10, 11);
    expect(requests).toEqual(['10-20']);
  });

  it('requests exactly the range that is read until it knows the parts', async () => {
    const { requests, read, open } = counted(2);
    const unknown = open(null);
    expect(await read(2, 5, unknown)).toEqual([2, 3, 4]);
    expect(await read(90, 200, unknown)).toEqual(numbers(90, 100));
    expect(requests).toEqual(['2-5', '90-100']);
  });

  it('requests a segment again after a failure', async () => {
    const { requests, read, fail } = counted();
    fail(1);
    await expect(read(0, 5)).rejects.toThrow('connection lost');
    expect(await read(0, 2)).toEqual([0, 1]);
    expect(requests).toEqual(['0-10', '0-10']);
  });

  it('reads large parts without bytes of their neighbours, and small ones together', async () => {
    const { requests, read, blob } = counted();
    blob.setParts?.([
      { start: 2, end: 27 },
      { start: 27, end: 28 },
      { start: 28, end: 29 },
      { start: 29, end: 60 },
    ]);
    await read(2, 27);
    await read(28, 29);
    await read(27, 28);
    await read(29, 60);
    expect(requests).toEqual(['2-10', '10-18', '18-27', '27-29', '29-36', '36-44', '44-52', '52-60']);
  });

  it('prefetches within the part that is read', async () => {
    const { requests, read, blob } = counted(2);
    blob.setParts?.([
      { start: 0, end: 40 },
      { start: 40, end: 100 },
    ]);
    await read(0, 1);
    expect(requests).toEqual(['0-10', '10-20', '20-30']);
    await read(20, 21);
    expect(requests.slice(3)).toEqual(['30-40']);
  });

  it('ignores a failed prefetch, and requests the segment again when it is read', async () => {
    const { requests, read, fail } = counted(1);
    await read(0, 1);
    fail(1);
    await read(10, 11);
    expect(requests).toEqual(['0-10', '10-20', '20-30']);
    expect(await read(20, 21)).toEqual([20]);
  });
});
