import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatNumber,
  formatShare,
  formatSigned,
  powerOfTen,
  formatDuration,
  formatParameters,
  formatRate,
  formatTimeLeft,
} from './format';

describe('formatBytes', () => {
  it.each([
    [12, '12 B'],
    [4_200, '4 kB'],
    [7_350_000, '7.4 MB'],
    [268_000_000, '268 MB'],
    [2_450_000_000, '2.45 GB'],
  ])('%d → %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('formatDuration', () => {
  it.each([
    [82.4, '82 ms'],
    [3_210, '3.2 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min 0 s'],
    [125_000, '2 min 5 s'],
  ])('%d → %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe('formatTimeLeft', () => {
  it.each([
    [300, '1 s left'],
    [4_200, '5 s left'],
    [60_000, '1 min left'],
    [61_000, '2 min left'],
    [5_400_000, '1.5 h left'],
  ])('%d → %s', (ms, text) => expect(formatTimeLeft(ms)).toBe(text));
});

it('names parameter counts and rates', () => {
  expect(formatParameters(5_612_000)).toBe('5.6 M');
  expect(formatParameters(3_754_622_976)).toBe('3.75 B');
  expect(formatRate(4.26)).toBe('4.3');
  expect(formatRate(45.6)).toBe('46');
});

it('formatShare is precise where little is left', () => {
  expect([1, 0.62, 0.0999, 0.0123, 0.001, 0.0004, 0].map(formatShare)).toEqual([
    '100%',
    '62%',
    '10.0%',
    '1.2%',
    '0.1%',
    '< 0.1%',
    '0%',
  ]);
});

it('formatSigned, formatNumber and powerOfTen write figures of rewards', () => {
  expect([1.2345, -0.5, 0, -0.001].map(formatSigned)).toEqual(['+1.23', '−0.50', '0', '0']);
  expect([1, 0.5, 0.375, 2].map(formatNumber)).toEqual(['1', '0.5', '0.38', '2']);
  expect([1e-6, 1e-4, 100].map(powerOfTen)).toEqual(['10⁻⁶', '10⁻⁴', '10²']);
});
