import { afterEach, describe, expect, it } from 'vitest';
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
} from '../text/format';
import { dataText, language, t } from './i18n.svelte';
import { isolateArguments } from './isolate';
import { isLocale, matchLocale, type Locale } from './locales';

afterEach(() => language.use('en'));

/** Without the marks that keep figures in order among letters that run the other way. */
const bare = (text: string): string => text.replace(/[\u200e\u200f\u2066-\u2069]/g, '');

it('takes the first of the visitor’s languages that it speaks', () => {
  expect(matchLocale(['fr-CA', 'es-MX', 'en'])).toBe('es');
  expect(matchLocale(['zh-TW'])).toBe('zh');
  expect(matchLocale(['AR'])).toBe('ar');
  expect(matchLocale(['fr'])).toBe('en');
  expect(matchLocale([])).toBe('en');
  expect([isLocale('ar'), isLocale('toString'), isLocale(null)]).toEqual([true, false, false]);
});

describe('messages', () => {
  it('come in the chosen language, with their values', async () => {
    expect(t('ask.choice', { letter: 'B' })).toBe('Choice B');
    await language.use('es');
    expect(t('ask.choice', { letter: 'B' })).toBe('Opción B');
    expect(t('ask.ask')).toBe('Preguntar');
    expect(dataText('Head CT')).toBe('TC de cabeza');
    expect(dataText('A text of tomorrow’s catalogue')).toBe('A text of tomorrow’s catalogue');
  });

  it.each([
    [0, 'لا أصوات'],
    [1, 'صوت واحد'],
    [2, 'صوتان'],
    [3, '3 أصوات'],
    [11, '11 صوتًا'],
    [100, '100 صوت'],
  ])('count in Arabic as Arabic does: %d', async (count, text) => {
    await language.use('ar');
    expect(t('rollouts.voteCount', { count })).toBe(text);
  });

  it('give emphasis as parts', async () => {
    const values = { right: 1, finished: 4, rate: '25 %' };
    const parts = language.parts('rollouts.rightOf', values);
    expect(parts[0]).toEqual({ tag: 'b', text: '1 of 4' });
    expect(parts.map(({ text }) => text).join('')).toBe('1 of 4 correct · pass rate 25 %');
    await language.use('zh');
    expect(language.parts('rollouts.rightOf', values)[0]).toEqual({ tag: 'b', text: '4 次中 1 次' });
  });

  it('keep values apart from Arabic words, and branches of plurals as they are', () => {
    expect(isolateArguments('من {a} إلى {b}')).toBe('من \u2068{a}\u2069 إلى \u2068{b}\u2069');
    const plural = '{count, plural, one {واحد} other {# أصوات}}';
    expect(isolateArguments(plural)).toBe(plural);
  });

  it('are those of the language that was chosen last, whichever comes first', async () => {
    await Promise.all([language.use('zh'), language.use('es')]);
    expect(language.locale).toBe('es');
  });
});

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
    // Some units are parted by a space that does not break.
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
