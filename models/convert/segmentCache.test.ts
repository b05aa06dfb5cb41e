import { describe, expect, it } from 'vitest';
import { cacheSegments } from './segmentCache';

/** 100 bytes 0…99 in segments of 10; `asked` lists the ranges that were read. */
function counted() {
  const asked: string[] = [];
  const file = Uint8Array.from({ length: 95 }, (_, i) => i);
  let failures = 0;
  const blob = cacheSegments(
    file.length,
    (start, end) => {
      asked.push(`${start}-${end}`);
      if (failures-- > 0) return Promise.reject(new Error('cut'));
      return Promise.resolve(file.slice(start, end).buffer);
    },
    10,
  );
  const read = async (start: number, end: number): Promise<number[]> => [
    ...new Uint8Array(await blob.slice(start, end).arrayBuffer()),
  ];
  return { asked, read, blob, fail: (times: number) => (failures = times) };
}

describe('cacheSegments', () => {
  it('gives any range, also across segments and at the shorter last one', async () => {
    const { read, blob } = counted();
    expect(blob.size).toBe(95);
    for (let start = 0; start < 95; start += 7) {
      for (const end of [start, start + 1, start + 23, 95, 200]) {
        const expected = Array.from({ length: Math.max(0, Math.min(end, 95) - start) }, (_, i) => start + i);
        expect(await read(start, end)).toEqual(expected);
      }
    }
  });

  it('asks for a segment once, also for reads that overlap in time', async () => {
    const { asked, read } = counted();
    await Promise.all([read(0, 4), read(4, 9), read(8, 12)]);
    await read(1, 3);
    expect(asked).toEqual(['0-10', '10-20']);
  });

  it('forgets the segment that was used longest ago', async () => {
    const { asked, read } = counted();
    for (const start of [0, 10, 20, 30, 40, 50]) await read(start, start + 1);
    await read(0, 1);
    await read(60, 61);
    asked.length = 0;
    await read(0, 1);
    await read(10, 11);
    expect(asked).toEqual(['10-20']);
  });

  it('asks again after a failure', async () => {
    const { asked, read, fail } = counted();
    fail(1);
    await expect(read(0, 5)).rejects.toThrow('cut');
    expect(await read(0, 2)).toEqual([0, 1]);
    expect(asked).toEqual(['0-10', '0-10']);
  });
});
