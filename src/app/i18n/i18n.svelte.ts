/**
 * The page's language. `t` gives a message in it, and what calls `t` while it is drawn is drawn again when the language
 * changes. Messages are in ICU MessageFormat (plurals, choices), which translators and their tools know.
 */
import { IntlMessageFormat } from 'intl-messageformat';
import { keptText } from '../browser/keptText';
import { isolateArguments } from './isolate';
import { isLocale, LOCALES, matchLocale, type Locale } from './locales';
import { ENGLISH, fetchMessages, type Area, type MessageKey, type Translation } from './messages';

export type MessageValues = Readonly<Record<string, string | number>>;

/** Elements that a message may have: `<b>3 of 4</b> right`. RichText.svelte draws them. */
export const MESSAGE_TAGS = ['b', 'strong', 'code', 'em'] as const;
export type MessageTag = (typeof MESSAGE_TAGS)[number];

/** A piece of a message; `tag` is null outside of elements. */
export interface MessagePart {
  tag: MessageTag | null;
  text: string;
}

const kept = keptText('rounds.locale');

class Language {
  #locale = $state<Locale>('en');
  #messages = $state.raw<Translation>(ENGLISH);
  /** Parsed messages of the present language. */
  #parsed = new Map<MessageKey, IntlMessageFormat>();
  /** The language that was asked for last: one that is fetched more slowly must not take its place. */
  #wanted: Locale = 'en';

  get locale(): Locale {
    return this.#locale;
  }

  /** What Intl is told, for numbers and dates. */
  get format(): string {
    return LOCALES[this.#locale].format;
  }

  get direction(): 'ltr' | 'rtl' {
    return LOCALES[this.#locale].direction;
  }

  /** Fetches the messages of a language, then shows the page in it. Rejects, and leaves it as it is, where they can’t be fetched. */
  async use(locale: Locale): Promise<void> {
    this.#wanted = locale;
    const messages = await fetchMessages(locale);
    if (this.#wanted !== locale) return;
    this.#parsed = new Map();
    this.#messages = messages;
    this.#locale = locale;
    if (typeof document !== 'undefined') this.#tellDocument();
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

  /** A text of a data file; in English where it has no translation. */
  data(english: string): string {
    return this.#messages.data?.[english] ?? english;
  }

  /** Read on every call, also where the parsed message is known: it is what makes the caller depend on the language. */
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

  #tellDocument(): void {
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
 * A text that stands in a data file in English (catalogue, model card, samples, presets), in the page's language.
 * Never for what the model is given.
 */
export function dataText(english: string): string {
  return language.data(english);
}

/** The language that was chosen on an earlier visit, else the browser's; English where it can’t be fetched. */
export async function startLanguage(): Promise<void> {
  const stored = kept.get();
  const locale = isLocale(stored) ? stored : matchLocale(navigator.languages);
  if (locale === 'en') return;
  try {
    await language.use(locale);
  } catch {
    // A page in English is better than none.
  }
}

/** The visitor's choice, kept for the next visit. Rejects where the language can’t be fetched. */
export async function chooseLanguage(locale: Locale): Promise<void> {
  await language.use(locale);
  kept.set(locale);
}
