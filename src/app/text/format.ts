/** Numbers as people read them. One place, so that every panel says "7.4 MB" and "3.2 s" alike. */

const MEGABYTE = 1_000_000;

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < MEGABYTE) return `${Math.round(bytes / 1000)} kB`;
  if (bytes < 1000 * MEGABYTE) return `${(bytes / MEGABYTE).toFixed(bytes < 100 * MEGABYTE ? 1 : 0)} MB`;
  return `${(bytes / (1000 * MEGABYTE)).toFixed(2)} GB`;
}

/** A measured duration: precise while it is short. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  // 59,950 ms would round up to "60.0 s".
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** An estimate: rough on purpose, so that it does not flicker. */
export function formatTimeLeft(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds <= 1) return 'a second left';
  if (seconds < 60) return `${seconds} s left`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes >= 90) return `${(minutes / 60).toFixed(1)} h left`;
  return minutes === 1 ? 'a minute left' : `${minutes} min left`;
}

/** Parameter counts: 5.6 M, 3.75 B. */
export function formatParameters(count: number): string {
  if (count < MEGABYTE) return `${Math.round(count / 1000)} k`;
  if (count < 1000 * MEGABYTE) return `${(count / MEGABYTE).toFixed(1)} M`;
  return `${(count / (1000 * MEGABYTE)).toFixed(2)} B`;
}

export function formatRate(perSecond: number): string {
  return perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}

export function optionLetter(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

/** The day of an ISO time, as the visitor's language writes it; empty for none. */
export function formatDay(iso: string | null): string {
  if (iso === null) return '';
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? '' : time.toLocaleDateString(undefined, { dateStyle: 'medium' });
}

/** A probability or share, 0 to 1: precise where it is small, since 0 % would be untrue. */
export function formatShare(share: number): string {
  if (share === 0) return '0 %';
  if (share < 0.001) return '< 0.1 %';
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** With its sign, and a minus that is as wide as the plus. */
export function formatSigned(value: number): string {
  const text = Math.abs(value).toFixed(2);
  if (Number(text) === 0) return '0';
  return `${value < 0 ? '−' : '+'}${text}`;
}

/** At most two decimals, none where there are none: 1, 0.5, 0.25. */
export function formatNumber(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** 1e-6 as 10⁻⁶: a number with that many zeros is not read. */
export function powerOfTen(value: number): string {
  const exponent = String(Math.round(Math.log10(value)));
  return `10${[...exponent].map((sign) => SUPERSCRIPTS[sign] ?? sign).join('')}`;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  '-': '⁻',
  ...Object.fromEntries([...'⁰¹²³⁴⁵⁶⁷⁸⁹'].map((sign, digit) => [String(digit), sign])),
};
