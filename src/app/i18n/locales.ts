/** The languages of the page. The messages of each are in a folder of their own; see docs/languages.md. */
export const LOCALES = {
  en: { name: 'English', tag: 'en', direction: 'ltr', format: 'en' },
  es: { name: 'Español', tag: 'es', direction: 'ltr', format: 'es' },
  zh: { name: '简体中文', tag: 'zh-Hans', direction: 'ltr', format: 'zh-Hans' },
  // Western digits, like the window values, token ids and hashes next to them.
  ar: { name: 'العربية', tag: 'ar', direction: 'rtl', format: 'ar-u-nu-latn' },
} as const;

export type Locale = keyof typeof LOCALES;

export const LOCALE_IDS = Object.keys(LOCALES) as Locale[];

export function isLocale(text: unknown): text is Locale {
  return typeof text === 'string' && Object.hasOwn(LOCALES, text);
}

/** The first of the visitor's languages (BCP 47 tags, preferred first) that the page supports; else English. */
export function matchLocale(preferred: readonly string[]): Locale {
  const primary = preferred.map((tag) => tag.toLowerCase().split('-')[0]);
  return primary.find(isLocale) ?? 'en';
}
