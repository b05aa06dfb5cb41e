/** The languages of the page. Each has its messages in a folder of its own; see docs/languages.md. */
export const LOCALES = {
  en: { name: 'English', tag: 'en', direction: 'ltr', format: 'en' },
  es: { name: 'Español', tag: 'es', direction: 'ltr', format: 'es' },
  zh: { name: '简体中文', tag: 'zh-Hans', direction: 'ltr', format: 'zh-Hans' },
  // Western digits: what stands beside them (window values, token ids, hashes) has them too.
  ar: { name: 'العربية', tag: 'ar', direction: 'rtl', format: 'ar-u-nu-latn' },
} as const;

export type Locale = keyof typeof LOCALES;

export const LOCALE_IDS = Object.keys(LOCALES) as Locale[];

export function isLocale(text: unknown): text is Locale {
  return typeof text === 'string' && Object.hasOwn(LOCALES, text);
}

/** The first of the visitor's languages (BCP 47 tags, most wanted first) that the page speaks; else English. */
export function matchLocale(wanted: readonly string[]): Locale {
  const primary = wanted.map((tag) => tag.toLowerCase().split('-')[0]);
  return primary.find(isLocale) ?? 'en';
}
