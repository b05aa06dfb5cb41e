/**
 * The page's language. `t` returns a message in it; a component that calls `t` while rendering renders again when the
 * language changes. Messages are in ICU MessageFormat (plurals, choices), which translation tools support.
 */
import { IntlMessageFormat } from 'intl-messageformat';
import { isolateArguments } from './isolate';
import { isLocale, LOCALES, matchLocale, type Locale } from './locales';
import { ENGLISH, fetchMessages, type Area, type MessageKey, type Translation } from './messages';

export type MessageValues = Readonly<Record<string, string | number>>;

/** Elements that a message may contain: `<b>3 of 4</b> right`. RichText.svelte renders them. */
export const MESSAGE_TAGS = ['b', 'strong', 'code', 'em'] as const;
export type MessageTag = (typeof MESSAGE_TAGS)[number];

/** A part of a message; `tag` is null outside of elements. */
export interface MessagePart {
  tag: MessageTag | null;
  text: string;
}

/** Where the visitor's choice is stored for the next visit; null in both directions is no choice. */
export interface LocaleStorage {
  get(): string | null;
  set(locale: string | null): void;
}

/** Handed in by `startLanguage`. */
let storage: LocaleStorage | null = null;

class Language {
  #locale = $state<Locale>('en');
  #messages = $state.raw<Translation>(ENGLISH);
  /** Parsed messages of the current language. */
  #parsed = new Map<MessageKey, IntlMessageFormat>();
  /** The language requested last: a slower fetch of an earlier one must not replace it. */
  #requested: Locale = 'en';

  get locale(): Locale {
    return this.#locale;
  }

  /** The locale for Intl: numbers and dates. */
  get format(): string {
    return LOCALES[this.#locale].format;
  }

  get direction(): 'ltr' | 'rtl' {
    return LOCALES[this.#locale].direction;
  }

  /** Fetches the messages of a language, then switches the page to it. Rejects and changes nothing if the fetch fails. */
  async use(locale: Locale): Promise<void> {
    this.#requested = locale;
    const messages = await fetchMessages(locale);
    if (this.#requested !== locale) return;
    this.#parsed = new Map();
    this.#messages = messages;
    this.#locale = locale;
    if (typeof document !== 'undefined') this.#updateDocument();
  }

  text(key: MessageKey, values?: MessageValues): string {
    const source = this.#source(key);
    return source.includes('{') ? String(this.#parse(key, source).format(values)) : source;
  }

  parts(key: MessageKey, values: MessageValues = {}): MessagePart[] {
    const tags = MESSAGE_TAGS.map((tag) => [
      tag,
      (chunks: unknown[]): MessagePart => ({ tag, text: chunks.join('') }),
    ]);
    const formatted = this.#parse(key, this.#source(key)).format<string | MessagePart>({
      ...values,
      ...(Object.fromEntries(tags) as Record<MessageTag, (chunks: unknown[]) => MessagePart>),
    });
    return [formatted].flat().map((part) => (typeof part === 'string' ? { tag: null, text: part } : part));
  }

  /** A text of a data file; in English if it has no translation. */
  data(english: string): string {
    return this.#messages.data?.[english] ?? english;
  }

  /** Called every time, even if the parsed message is cached: reading it makes the caller depend on the language. */
  #source(key: MessageKey): string {
    return lookUp(this.#messages, key) ?? lookUp(ENGLISH, key) ?? key;
  }

  #parse(key: MessageKey, source: string): IntlMessageFormat {
    const known = this.#parsed.get(key);
    if (known) return known;
    const text = this.direction === 'rtl' ? isolateArguments(source) : source;
    const message = new IntlMessageFormat(text, this.format);
    this.#parsed.set(key, message);
    return message;
  }

  #updateDocument(): void {
    document.documentElement.lang = LOCALES[this.#locale].tag;
    document.documentElement.dir = this.direction;
    document.title = this.text('language.title');
    const description = document.querySelector<HTMLMetaElement>('meta[name="description"]');
    if (description) description.content = this.text('language.description');
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

/**
 * An English text of a data file (catalogue, model card, samples, presets) in the page's language. Never use it for
 * input to the model.
 */
export function dataText(english: string): string {
  return language.data(english);
}

/**
 * Starts in the language chosen on an earlier visit, else in the browser's; in English if it can’t be fetched.
 * @param localeStorage holds the choice; it must not throw
 */
export async function startLanguage(localeStorage: LocaleStorage): Promise<void> {
  storage = localeStorage;
  const stored = storage.get();
  const locale = isLocale(stored) ? stored : matchLocale(navigator.languages);
  if (locale === 'en') return;
  try {
    await language.use(locale);
  } catch {
    // A page in English is better than no page.
  }
}

/** Switches the language and stores the choice for the next visit. Rejects if the language can’t be fetched. */
export async function chooseLanguage(locale: Locale): Promise<void> {
  await language.use(locale);
  storage?.set(locale);
}
