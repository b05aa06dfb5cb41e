/**
 * English is the source of all messages, and their types; it is part of the page, so that a message is never missing.
 * The other languages are fetched when they are chosen.
 */
import answer from './messages/en/answer.json';
import ask from './messages/en/ask.json';
import cases from './messages/en/cases.json';
import common from './messages/en/common.json';
import errors from './messages/en/errors.json';
import image from './messages/en/image.json';
import library from './messages/en/library.json';
import model from './messages/en/model.json';
import rollouts from './messages/en/rollouts.json';
import shell from './messages/en/shell.json';
import type { Locale } from './locales';

export const ENGLISH = { answer, ask, cases, common, errors, image, library, model, rollouts, shell };

type Areas = typeof ENGLISH;
export type Area = keyof Areas;

/** `area.name` of one message: `ask.question`. */
export type MessageKey = { [A in Area]: `${A}.${keyof Areas[A] & string}` }[Area];

/** A language's messages, sorted as the English ones. What is not there yet is shown in English. */
export type Translation = { readonly [A in Area]?: Readonly<Record<string, string>> };

const FILES = import.meta.glob<Record<string, string>>('./messages/{es,zh,ar}/*.json', { import: 'default' });

/** All messages of a language. */
export async function fetchMessages(locale: Locale): Promise<Translation> {
  if (locale === 'en') return ENGLISH;
  const areas = Object.keys(ENGLISH).map(async (area) => {
    const messages = await FILES[`./messages/${locale}/${area}.json`]?.();
    return [area, messages ?? {}] as const;
  });
  return Object.fromEntries(await Promise.all(areas));
}
