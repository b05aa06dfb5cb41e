/**
 * English is the source of all messages and of their keys; it is bundled with the page, so that no message is ever
 * missing. The other languages are fetched when they are chosen, each in one chunk.
 */
import type { Locale } from './locales';
import type { Areas } from './messageAreas';
import english from './messages/en/index';

export type Area = keyof Areas;

/** `area.name` of one message: `ask.question`. */
export type MessageKey = { [A in Area]: `${A}.${keyof Areas[A] & string}` }[Area];

/** By name; in `data`, by the English text. */
export type Messages = Readonly<Record<string, string>>;

/**
 * A language's messages, grouped like the English ones. Missing ones are shown in English. `data` translates texts of data
 * files (catalogue, model card, samples, presets); its keys are the English texts.
 */
export type Translation = { readonly [A in Area | 'data']?: Messages };

type Files = Readonly<Record<string, Messages>>;

/** Typed by messageAreas.ts, which a test compares with the files. */
export const ENGLISH = byArea(english) as Readonly<Record<Area, Messages>>;

const LANGUAGES = import.meta.glob<Files>(['./messages/*/index.ts', '!./messages/en/index.ts'], {
  import: 'default',
});

/** `./ask.json` → `ask`. */
function byArea(files: Files): Translation {
  const areas = Object.entries(files).map(([path, messages]) => [path.slice(2, -'.json'.length), messages]);
  return Object.fromEntries(areas) as Translation;
}

/** All messages of a language; rejects if they cannot be fetched. */
export async function fetchMessages(locale: Locale): Promise<Translation> {
  const files = await LANGUAGES[`./messages/${locale}/index.ts`]?.();
  return files ? byArea(files) : ENGLISH;
}
