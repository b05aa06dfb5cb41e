import { afterEach, describe, expect, it } from 'vitest';
import { language } from '../i18n/i18n.svelte';
import type { Locale } from '../i18n/locales';
import {
  formatBytes,
  formatDay,
  formatDuration,
  formatList,
  formatNumber,
  formatParameters,
  formatShare,
  formatSigned,
  formatStated,
  formatTimeLeft,
} from './format';

afterEach(() => language.use('en'));

/** Without the marks that keep numbers in order in right-to-left text. */
const bare = (text: string): string => text.replace(/[\u200e\u200f\u2066-\u2069]/g, '');

describe.each<[Locale, string[]]>([
  ['en', ['1,234.5', '2.45 GB', '3.2 s', '62%', '−0.50', '5.6 M', '3.75 B', '94.2%', '5 s left']],
  ['es', ['1234,5', '2,45 GB', '3,2 s', '62 %', '−0,50', '5,6 M', '3750 M', '94,2 %', 'quedan 5 s']],
  ['zh', ['1,234.5', '2.45 GB', '3.2 秒', '62%', '−0.50', '561.2万', '37.5亿', '94.2%', '剩余 5 秒']],
  ['ar', ['1,234.5', '2.45 غ.ب', '3.2 ث', '62%', '−0.50', '5.6 مليون', '3.75 مليار', '94.2%', 'بقيت 5 ث']],
])('figures in %s', (locale, expected) => {
  it('have its decimals, units and words', async () => {
    await language.use(locale);
    const figures = [
      formatNumber(1234.5),
      formatBytes(2_450_000_000),
      formatDuration(3_210),
      formatShare(0.62),
      formatSigned(-0.5),
      formatParameters(5_612_000),
      formatParameters(3_754_622_976),
      formatStated('94.2 %'),
      formatTimeLeft(4_200),
    ];
    // Some units are separated by a no-break space.
    expect(figures.map((text) => bare(text).replaceAll('\u00a0', ' '))).toEqual(expected);
  });
});

it('days and lists follow the language', async () => {
  await language.use('es');
  expect(formatDay('2026-11-22T12:00:00Z')).toBe('22 nov 2026');
  expect(formatList(['A', 'B', 'C'], 'or')).toBe('A, B o C');
  await language.use('zh');
  expect(formatDay('2026-11-22T12:00:00Z')).toBe('2026年11月22日');
});
