/** Numbers, units and lists in the page's language. All panels use these, so that they write "7.4 MB" and "3.2 s" alike. */
import { isolateLtr } from '../i18n/isolate';
import { language, t } from '../i18n/i18n.svelte';

const MEGABYTE = 1_000_000;
const GIGABYTE = 1000 * MEGABYTE;

/** By language and options: creating a formatter costs more than using it a hundred times. */
const formats = new Map<string, Intl.NumberFormat>();

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${language.format} ${JSON.stringify(options)}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(language.format, options);
    formats.set(key, format);
  }
  return format;
}

/** With exactly this many decimals. */
export function formatFixed(value: number, decimals: number): string {
  return numberFormat({ minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value);
}

/** A whole number. */
export function formatCount(count: number): string {
  return formatFixed(count, 0);
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return t('format.bytes', { n: formatCount(bytes) });
  if (bytes < MEGABYTE) return t('format.kilobytes', { n: formatCount(bytes / 1000) });
  if (bytes < GIGABYTE) {
    const decimals = bytes < 100 * MEGABYTE ? 1 : 0;
    return t('format.megabytes', { n: formatFixed(bytes / MEGABYTE, decimals) });
  }
  return t('format.gigabytes', { n: formatFixed(bytes / GIGABYTE, 2) });
}

/** A measured duration: precise while it is short. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return t('format.milliseconds', { n: formatCount(ms) });
  // 59,950 ms would round up to "60.0 s".
  if (ms < 59_950) return t('format.seconds', { n: formatFixed(ms / 1000, 1) });
  const seconds = Math.round(ms / 1000);
  return t('format.minutesAndSeconds', {
    minutes: formatCount(Math.floor(seconds / 60)),
    seconds: formatCount(seconds % 60),
  });
}

/** An estimate, rounded coarsely so that it doesn't flicker. */
export function formatTimeLeft(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds <= 1) return t('format.oneSecondLeft');
  if (seconds < 60) return t('format.secondsLeft', { n: formatCount(seconds) });
  const minutes = Math.ceil(seconds / 60);
  if (minutes >= 90) return t('format.hoursLeft', { n: formatFixed(minutes / 60, 1) });
  return minutes === 1 ? t('format.oneMinuteLeft') : t('format.minutesLeft', { n: formatCount(minutes) });
}

/** Parameter counts in the language's own short form: 5.6 M, 3.75 B, 3750 M, 37.5亿. */
export function formatParameters(count: number): string {
  const precision: Intl.NumberFormatOptions =
    count < GIGABYTE
      ? { minimumFractionDigits: 1, maximumFractionDigits: 1 }
      : { maximumSignificantDigits: 3 };
  const parts = numberFormat({ notation: 'compact', ...precision }).formatToParts(count);
  // English writes no space there, which is hard to read before a noun: "5.6M parameters".
  const gap = language.locale === 'en' ? ' ' : '';
  return parts.map(({ type, value }) => (type === 'compact' ? gap + value : value)).join('');
}

export function formatRate(perSecond: number): string {
  return formatFixed(perSecond, perSecond < 10 ? 1 : 0);
}

/** The day of an ISO time in the page's language; empty for null or an invalid time. */
export function formatDay(iso: string | null): string {
  if (iso === null) return '';
  const time = new Date(iso);
  return Number.isNaN(time.getTime())
    ? ''
    : time.toLocaleDateString(language.format, { dateStyle: 'medium' });
}

/** A probability or share, 0 to 1; small values get a decimal, because 0 % would be wrong. */
export function formatShare(share: number): string {
  if (share === 0) return t('format.share', { n: formatCount(0) });
  if (share < 0.001) return t('format.lessThanShare', { n: formatFixed(0.1, 1) });
  return t('format.share', { n: formatFixed(100 * share, share < 0.1 ? 1 : 0) });
}

/** A share that a model card states in English ("94.2 %"), in the page's language; any other text unchanged. */
export function formatStated(value: string): string {
  const [, figure = '', decimals = ''] = /^(\d+(?:\.(\d+))?) %$/.exec(value) ?? [];
  return figure === '' ? value : t('format.share', { n: formatFixed(Number(figure), decimals.length) });
}

/** With two decimals and its sign; the minus is as wide as the plus. */
export function formatSigned(value: number): string {
  if (Math.abs(value) < 0.005) return formatCount(0);
  const text = `${value < 0 ? '−' : '+'}${formatFixed(Math.abs(value), 2)}`;
  return language.direction === 'rtl' ? isolateLtr(text) : text;
}

/** With up to two decimals: 1, 0.5, 0.25. */
export function formatNumber(value: number): string {
  return numberFormat({ maximumFractionDigits: 2 }).format(value);
}

/** Bytes done of a total: "1.2 GB of 3.4 GB". */
export function formatBytesOf(done: number, total: number): string {
  return t('format.amount', { done: formatBytes(done), total: formatBytes(total) });
}

/** A list of names: "A, B and C". */
export function formatList(names: readonly string[], type: 'and' | 'or' = 'and'): string {
  const kind = type === 'and' ? 'conjunction' : 'disjunction';
  return new Intl.ListFormat(language.format, { type: kind }).format(names);
}

/** 1e-6 as 10⁻⁶. */
export function powerOfTen(value: number): string {
  const exponent = String(Math.round(Math.log10(value)));
  return `10${[...exponent].map((sign) => SUPERSCRIPTS[sign] ?? sign).join('')}`;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  '-': '⁻',
  ...Object.fromEntries([...'⁰¹²³⁴⁵⁶⁷⁸⁹'].map((sign, digit) => [String(digit), sign])),
};
