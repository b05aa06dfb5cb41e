import { describe, expect, it } from 'vitest';
import type { SliceHeader } from '../../../shared/series';
import { groupImages, type SurveyedImage } from './series';

const AXIAL = [
  [1, 0, 0],
  [0, 1, 0],
] as const;
const SAGITTAL = [
  [0, 1, 0],
  [0, 0, -1],
] as const;

let serial = 0;

function slice(path: string, more: Partial<SliceHeader> = {}): SurveyedImage {
  const header: SliceHeader = {
    seriesUid: 'A',
    instanceUid: `i${serial++}`,
    instanceNumber: null,
    position: null,
    orientation: null,
    rows: 8,
    columns: 8,
    frames: 1,
    photometric: 'MONOCHROME2',
    marks: ['', '', '', '', '', '', ''],
    ...more,
  };
  return file(path, { kind: 'slice', header });
}

function file(path: string, surveyed: SurveyedImage['surveyed'] = { kind: 'image' }): SurveyedImage {
  return { found: { file: new File(['x'], path.split('/').pop() ?? path), path }, surveyed };
}

const at = (z: number, more: Partial<SliceHeader> = {}): Partial<SliceHeader> => ({
  position: [-10, 4, z],
  orientation: AXIAL,
  ...more,
});

const names = (images: readonly SurveyedImage[]): string[][] =>
  groupImages(images).groups.map(({ slices }) => slices.map(({ name }) => name));

describe('groupImages', () => {
  it('makes one stack of a series, ordered along its normal, whatever the names and numbers say', () => {
    const images = [3, 1, 2, 0].map((k) =>
      slice(`scan/IM${k}`, at(k * -2.5, { instanceNumber: (k * 7) % 4 })),
    );
    expect(names(images)).toEqual([['IM3', 'IM2', 'IM1', 'IM0']]);
    expect(groupImages(images).groups[0]?.name).toBe('scan');
  });

  it('uses the normal of oblique and sagittal planes', () => {
    const images = [2, 0, 1].map((k) => slice(`s${k}`, { position: [k, 50 - k, 9], orientation: SAGITTAL }));
    expect(names(images)).toEqual([['s2', 's1', 's0']]);
  });

  it('orders by number without positions, and by natural name without numbers', () => {
    expect(names([2, 10, 1].map((k) => slice(`x${k}`, { instanceNumber: 20 - k })))).toEqual([
      ['x10', 'x2', 'x1'],
    ]);
    expect(names(['x10', 'x2', 'x1'].map((name) => slice(name)))).toEqual([['x1', 'x2', 'x10']]);
  });

  it('keeps series, other files and files with several frames apart, in the order of the files', () => {
    const images = [
      file('photo.png'),
      slice('a1', at(0)),
      slice('b1', at(0, { seriesUid: 'B' })),
      slice('a2', at(1)),
      slice('cine', { frames: 12 }),
      slice('b2', at(1, { seriesUid: 'B' })),
      slice('n1', { seriesUid: '' }),
      slice('n2', { seriesUid: '' }),
    ];
    expect(names(images)).toEqual([['photo.png'], ['a1', 'a2'], ['b1', 'b2'], ['cine'], ['n1'], ['n2']]);
  });

  it('puts localizers and other sizes apart', () => {
    const images = [
      slice('scout', { position: [0, 0, 0], orientation: SAGITTAL }),
      slice('s0', at(0)),
      slice('s1', at(1)),
      slice('large', at(2, { rows: 512 })),
      slice('s2', at(2)),
    ];
    expect(names(images)).toEqual([['scout'], ['s0', 's1', 's2'], ['large']]);
  });

  it('splits repeated positions by what distinguishes the images', () => {
    const echo = (e: string) => ['1', '', e, '', '', '', ''];
    const images = [0, 1, 2].flatMap((z) =>
      ['1', '2'].map((e) => slice(`z${z}e${e}`, at(z, { marks: echo(e) }))),
    );
    expect(names(images)).toEqual([
      ['z0e1', 'z1e1', 'z2e1'],
      ['z0e2', 'z1e2', 'z2e2'],
    ]);
  });

  it('splits repeated positions by their order if nothing distinguishes them', () => {
    const images = [0, 1, 2, 0, 1, 2].map((z, k) => slice(`n${k}`, at(z, { instanceNumber: k })));
    expect(names(images)).toEqual([
      ['n0', 'n1', 'n2'],
      ['n3', 'n4', 'n5'],
    ]);
  });

  it('keeps many repetitions as one stack, one time after the other', () => {
    const images = Array.from({ length: 24 }, (_, k) => slice(`n${k}`, at(k % 3, { instanceNumber: k })));
    expect(names(images)).toEqual([images.map((_, k) => `n${k}`)]);
  });

  it('leaves out the same image a second time', () => {
    const one = slice('a', at(0, { instanceUid: 'same' }));
    const { groups, copies } = groupImages([
      one,
      slice('b', at(1)),
      slice('copy/a', at(0, { instanceUid: 'same' })),
    ]);
    expect(groups).toHaveLength(1);
    expect(copies.map(({ path }) => path)).toEqual(['copy/a']);
  });

  // Work that grows with the square of the count would run into the test's own limit.
  it('groups 40,000 slices', () => {
    const images = Array.from({ length: 40_000 }, (_, k) =>
      slice(`n${k}`, at(k % 20_000, { instanceNumber: k })),
    );
    expect(names(images).map(({ length }) => length)).toEqual([20_000, 20_000]);
  });
});
