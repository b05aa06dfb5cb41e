/** What every command shares: arguments in, text out, one sentence and an exit status for what went wrong. */
import { RoundsError } from '../shared/errors';

/** Wrong usage: exit status 2. */
export class UsageError extends Error {}

export interface CommandContext {
  argv: string[];
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** Results. */
  out: (text: string) => void;
  /** Progress and errors. */
  err: (text: string) => void;
}

/** `false`: it ran, and what it checked or was given is not all right. */
export type Command = (context: CommandContext) => Promise<void | boolean>;

/**
 * The value of an option that has a few choices.
 * @throws UsageError for any other
 */
export function oneOf<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw new UsageError(`${option} must be ${choices.join(' or ')}, not ${value}.`);
  return choice;
}

/** Runs a command on the process's own arguments and streams. */
export async function runInProcess(command: Command): Promise<void> {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  process.once('SIGTERM', () => controller.abort());
  process.exitCode = await runCommand(command, {
    argv: process.argv.slice(2),
    signal: controller.signal,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
}

/** @returns the exit status: 0 done, 1 failed or not all right, 2 wrong usage */
export async function runCommand(command: Command, context: CommandContext): Promise<number> {
  try {
    return (await command(context)) === false ? 1 : 0;
  } catch (thrown) {
    if (thrown instanceof UsageError || isParseError(thrown)) {
      context.err(`${thrown.message}\nTry --help.\n`);
      return 2;
    }
    const error = RoundsError.from(thrown);
    context.err(`${error.code}: ${error.message}\n`);
    return 1;
  }
}

/** What node:util's parseArgs throws for unknown options and missing values. */
function isParseError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && String((thrown as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
}
