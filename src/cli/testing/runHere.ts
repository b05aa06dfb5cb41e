/** Runs a command in this process, for tests. */
import { runCommand, type Command } from '../command';

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

export async function runHere(
  command: Command,
  argv: string[],
  signal = new AbortController().signal,
): Promise<Outcome> {
  const outcome: Outcome = { status: 0, stdout: '', stderr: '' };
  outcome.status = await runCommand(command, {
    argv,
    signal,
    out: (text) => (outcome.stdout += text),
    err: (text) => (outcome.stderr += text),
  });
  return outcome;
}
