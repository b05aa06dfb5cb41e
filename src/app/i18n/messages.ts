/**
 * English is the source of all messages and of their keys; it is bundled with the page, so that no message is ever
 * missing. The other languages are fetched when they are chosen, each in one chunk (vite.config.ts).
 */
import type { Locale } from './locales';
import type { Areas } from './messageAreas';

export type Area = keyof Areas;

/** `area.name` of one message: `ask.question`. */
export type MessageKey = { [A in Area]: `${A}.${keyof Areas[A] & string}` }[Area];

/** By name; of `data`, by the English text. */
export type Messages = Readonly<Record<string, string>>;

/**
 * A language's messages by area. What it lacks is shown in English. `data` translates the texts of data files
 * (catalogue, model card, samples, presets), by the English text itself.
 */
export type Translation = { readonly [A in Area | 'data']?: Messages };

const ENGLISH_FILES = import.meta.glob<Messages>('./messages/en/*.json', { eager: true, import: 'default' });

/** Typed by messageAreas.ts, which a test compares with the files. */
export const ENGLISH = Object.fromEntries(
  Object.entries(ENGLISH_FILES).map(([path, messages]) => [areaOf(path), messages]),
) as Readonly<Record<Area, Messages>>;

const FILES = import.meta.glob<Messages>(['./messages/*/*.json', '!./messages/en/*.json'], {
  import: 'default',
});

/** `./messages/es/ask.json` → `ask`. */
function areaOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1, -'.json'.length);
}

/** All messages of a language; rejects if they cannot be fetched. */
export async function fetchMessages(locale: Locale): Promise<Translation> {
  if (locale === 'en') return ENGLISH;
  const files = Object.entries(FILES).filter(([path]) => path.startsWith(`./messages/${locale}/`));
  const areas = files.map(async ([path, fetchFile]) => [areaOf(path), await fetchFile()] as const);
  return Object.fromEntries(await Promise.all(areas));
}
