import { afterEach, describe, expect, it } from 'vitest';
import { dataText, language, t } from './i18n.svelte';
import { isolateArguments } from './isolate';
import { isLocale, matchLocale } from './locales';

afterEach(() => language.use('en'));

it('takes the first of the visitor’s languages that it has', () => {
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
