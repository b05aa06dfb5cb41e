import { describe, expect, it } from 'vitest';
import { storageText, weightsText } from './libraryText';

const REPORT = { usage: 2e9, quota: 12e9, persisted: false, isPrivate: false };

describe('storageText', () => {
  it('states the space in use, the space left, and whether it is persistent', () => {
    expect(storageText(REPORT)).toEqual([
      '2.00 GB used.',
      'About 10.00 GB free (estimate).',
      'The browser may delete models when disk space runs low or after weeks without a visit.',
    ]);
    expect(storageText({ ...REPORT, persisted: true }).at(-1)).toContain('keeps your models');
  });

  it('leaves out what is not known, and does not repeat a private window’s figures', () => {
    expect(storageText({ ...REPORT, usage: null, quota: null })).toHaveLength(1);
    expect(storageText({ ...REPORT, isPrivate: true }).join(' ')).not.toContain('free');
  });
});

describe('weightsText', () => {
  it.each([
    ['q4 (best)', '4-bit weights'],
    ['f16 (plain)', '16-bit weights'],
    ['later', 'later'],
  ])('%s → %s', (weights, text) => expect(weightsText(weights)).toBe(text));
});
