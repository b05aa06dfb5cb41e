/** Colour models and palettes, in hand-made files with known values. */
import { describe, expect, it } from 'vitest';
import { decode } from './testing/decoding';
import type { TestElement } from './testing/testDicom';

describe('decodeDicom', () => {
  it.each([
    [0, [10, 20, 30, 40, 50, 60]],
    [1, [10, 40, 20, 50, 30, 60]],
  ])('reads RGB with planar configuration %d', async (planar, pixels) => {
    const image = await decode({ rows: 1, columns: 2, samples: 3, photometric: 'RGB', planar, pixels });
    expect([...image.data]).toEqual([10, 20, 30, 40, 50, 60]);
    expect(image.facts).toMatchObject({ frames: 1, frame: 0, window: null, presets: [] });
  });

  it('converts YBR_FULL and YBR_FULL_422', async () => {
    const full = { rows: 1, columns: 2, samples: 3, photometric: 'YBR_FULL' };
    // Y 76, Cb 85, Cr 255 is pure red of JFIF; Y 150 without colour is grey.
    const image = await decode({ ...full, pixels: [76, 85, 255, 150, 128, 128] });
    expect([...image.data]).toEqual([254, 0, 0, 150, 150, 150]);
    const packed = await decode({ ...full, photometric: 'YBR_FULL_422', pixels: [76, 150, 128, 128] });
    expect([...packed.data]).toEqual([76, 76, 76, 150, 150, 150]);
  });

  it('applies palettes', async () => {
    const table = (element: number, values: number[]): TestElement[] => [
      { tag: [0x0028, 0x1100 + element], vr: 'US', value: [3, 10, 16] },
      { tag: [0x0028, 0x1200 + element], vr: 'OW', value: values },
    ];
    const more = [
      ...table(1, [0x1000, 0x2000, 0x3000]),
      ...table(2, [0x4000, 0x5000, 0x6000]),
      ...table(3, [0x7000, 0x8000, 0xff00]),
    ];
    const image = await decode({
      rows: 1,
      columns: 3,
      photometric: 'PALETTE COLOR',
      pixels: [11, 0, 200],
      more,
    });
    expect([...image.data]).toEqual([0x20, 0x50, 0x80, 0x10, 0x40, 0x70, 0x30, 0x60, 0xff]);
  });

  it.each([
    ['8-bit entries in words, declared as 16 bits', 16, 'OW', [5, 100, 255]],
    ['8-bit entries in bytes, declared as 16 bits', 16, 'OB', Uint8Array.of(5, 100, 255)],
    ['16-bit entries, declared as 8 bits', 8, 'OW', [0x0512, 0x64ff, 0xff00]],
    ['12-bit entries', 12, 'OW', [0x051, 0x640, 0xfff]],
  ])('applies palettes with %s', async (_, bits, vr, entries) => {
    const more = [1, 2, 3].flatMap((channel): TestElement[] => [
      { tag: [0x0028, 0x1100 + channel], vr: 'US', value: [3, 0, bits] },
      { tag: [0x0028, 0x1200 + channel], vr, value: entries },
    ]);
    const photometric = 'PALETTE COLOR';
    const image = await decode({ rows: 1, columns: 3, photometric, pixels: [0, 1, 2], more });
    expect([...image.data]).toEqual([5, 5, 5, 100, 100, 100, 255, 255, 255]);
  });
});
