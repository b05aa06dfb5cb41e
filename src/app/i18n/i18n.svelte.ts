/**
 * The page's language. `t` gives a message in it, and what calls `t` while it is drawn is drawn again when the language
 * changes. Messages are in ICU MessageFormat (plurals, choices), which translators and their tools know.
 */
import { IntlMessageFormat } from 'intl-messageformat';
import { keptText } from '../browser/keptText';
import { isLocale, LOCALES, matchLocale, type Locale } from './locales';
import { ENGLISH, fetchMessages, type Area, type MessageKey, type Translation } from './messages';

export type MessageValues = Readonly<Record<string, string | number>>;

const kept = keptText('rounds.locale');

class Language {
  #locale = $state<Locale>('en');
  #messages = $state.raw<Translation>(ENGLISH);
  /** Parsed messages of the present language. */
  #parsed = new Map<MessageKey, IntlMessageFormat>();

  get locale(): Locale {
    return this.#locale;
  }

  /** What Intl is told, for numbers and dates. */
  get format(): string {
    return LOCALES[this.#locale].format;
  }

  /** Fetches the messages of a language, then shows the page in it. Where they cannot be fetched it stays as it is. */
  async use(locale: Locale): Promise<void> {
    const messages = await fetchMessages(locale);
    this.#parsed = new Map();
    this.#messages = messages;
    this.#locale = locale;
    if (typeof document === 'undefined') return;
    document.documentElement.lang = locale;
    document.documentElement.dir = LOCALES[locale].direction;
  }

  text(key: MessageKey, values?: MessageValues): string {
    // Read on every call, also where the parsed message is known: it is what makes the caller depend on the language.
    const source = lookUp(this.#messages, key) ?? lookUp(ENGLISH, key) ?? key;
    if (!source.includes('{')) return source;
    let message = this.#parsed.get(key);
    if (!message) {
      message = new IntlMessageFormat(source, this.format);
      this.#parsed.set(key, message);
    }
    return String(message.format(values));
  }
}

function lookUp(messages: Translation, key: MessageKey): string | undefined {
  const dot = key.indexOf('.');
  return messages[key.slice(0, dot) as Area]?.[key.slice(dot + 1)];
}

export const language = new Language();

/** A message in the page's language: `t('ask.choice', { letter: 'B' })`. */
export function t(key: MessageKey, values?: MessageValues): string {
  return language.text(key, values);
}

/** The language that was chosen on an earlier visit, else the browser's. */
export async function startLanguage(): Promise<void> {
  const stored = kept.get();
  const locale = isLocale(stored) ? stored : matchLocale(navigator.languages);
  if (locale !== 'en') await language.use(locale);
}

/** The visitor's choice, kept for the next visit. */
export async function chooseLanguage(locale: Locale): Promise<void> {
  await language.use(locale);
  kept.set(locale);
}
