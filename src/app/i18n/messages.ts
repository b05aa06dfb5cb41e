/**
 * English is the source of all messages and of their types; it is bundled with the page, so that a message is never missing.
 * Each other language is a file that is fetched when it is chosen.
 */
import answer from './messages/en/answer.json';
import ask from './messages/en/ask.json';
import cases from './messages/en/cases.json';
import common from './messages/en/common.json';
import device from './messages/en/device.json';
import errors from './messages/en/errors.json';
import format from './messages/en/format.json';
import image from './messages/en/image.json';
import jobs from './messages/en/jobs.json';
import language from './messages/en/language.json';
import library from './messages/en/library.json';
import model from './messages/en/model.json';
import rollouts from './messages/en/rollouts.json';
import shell from './messages/en/shell.json';
import type { Locale } from './locales';

export const ENGLISH = {
  answer,
  ask,
  cases,
  common,
  device,
  errors,
  format,
  image,
  jobs,
  language,
  library,
  model,
  rollouts,
  shell,
};

type Areas = typeof ENGLISH;
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

const FILES = import.meta.glob<Translation>('./messages/*.ts', { import: 'default' });

/** All messages of a language; rejects if they can't be fetched. */
export async function fetchMessages(locale: Locale): Promise<Translation> {
  return (await FILES[`./messages/${locale}.ts`]?.()) ?? ENGLISH;
}
