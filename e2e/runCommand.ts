/** A command of the command line, run as a program. */
import { execFile } from 'node:child_process';

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

export function runCommand(name: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile('node', ['src/cli/run.mjs', name, ...args], (error, stdout, stderr) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
  });
}
