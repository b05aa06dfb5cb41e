/** Checks the values of command-line options. Each function throws a UsageError that names the option or file. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MANIFEST_FILE } from '../shared/pack';
import { UsageError } from './command';

export const BACKENDS = ['webgpu', 'wasm', 'auto'] as const;
export const ACTIVATIONS = ['f16', 'f32', 'auto'] as const;

/** One of a few choices. */
export function oneOf<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw new UsageError(`${option} must be ${listOf(choices)}, not ${value}.`);
  return choice;
}

/** A whole number from 1 to `max`. */
export function wholeNumber(option: string, value: string, max: number): number {
  const number = Number(value);
  if (isCount(number, max)) return number;
  throw new UsageError(`${option} must be a whole number from 1 to ${max}, not ${value}.`);
}

/** Whole numbers from 1 to `max`, separated by commas. */
export function wholeNumbers(option: string, value: string, max: number): number[] {
  const numbers = value.split(',').map(Number);
  if (numbers.every((number) => isCount(number, max))) return numbers;
  throw new UsageError(
    `${option} must be whole numbers from 1 to ${max}, separated by commas, not ${value}.`,
  );
}

/** The only positional argument. */
export function onlyArgument(name: string, positionals: readonly string[]): string {
  const [value, ...rest] = positionals;
  if (!value || rest.length > 0) throw new UsageError(`Give exactly one ${name}.`);
  return value;
}

/** The absolute path of an existing file. @param what for the message, for example `image` */
export function existingFile(what: string, path: string): string {
  const file = resolve(path);
  if (!isFile(file)) throw new UsageError(`There is no ${what} at ${file}.`);
  return file;
}

/** The absolute path of a folder that contains a pack manifest. */
export function packFolder(path: string): string {
  const folder = resolve(path);
  if (!isFile(join(folder, MANIFEST_FILE))) {
    throw new UsageError(
      `${folder} is not a model pack: it has no ${MANIFEST_FILE}. Make a pack with npm run -s convert.`,
    );
  }
  return folder;
}

function isCount(number: number, max: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= max;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** `a`, `a or b`, `a, b or c`. */
function listOf(choices: readonly string[]): string {
  if (choices.length < 2) return choices.join('');
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}
