/** What all commands share: arguments in, text out, and an exit status with a short message on failure. */
import { RoundsError } from '../shared/errors';

/** Wrong usage: exit status 2. */
export class UsageError extends Error {}

export interface CommandContext {
  argv: string[];
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** Prints results (stdout). */
  out: (text: string) => void;
  /** Prints progress and errors (stderr). */
  err: (text: string) => void;
}

/** Resolves to `false` if the command ran but a check failed or an input could not be processed: exit status 1. */
export type Command = (context: CommandContext) => Promise<void | boolean>;

/** Runs a command on this process's streams and sets the exit code. */
export async function runInProcess(command: Command, argv: string[]): Promise<void> {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  process.once('SIGTERM', () => controller.abort());
  process.exitCode = await runCommand(command, {
    argv,
    signal: controller.signal,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
}

/** @returns the exit status: 0 success, 1 failure or a failed check, 2 wrong usage */
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

/** What parseArgs of node:util throws for unknown options and missing values. */
function isParseError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && String((thrown as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
}
