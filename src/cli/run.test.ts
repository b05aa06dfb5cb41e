/** run.mjs as a program: which commands it knows, and that it passes arguments and exit codes. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROJECT } from './install.mjs';

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(PROJECT, 'src/cli/run.mjs'), ...args], { encoding: 'utf8' });
}

const LIST = 'Commands: bench, benchPeer, convert, fuzz, grade, infer, inspect, quality, rehearse, verify.\n';

it.each([
  [['nope'], `Unknown command nope. ${LIST}`],
  [['../main'], `Unknown command ../main. ${LIST}`],
  [['grade.test'], `Unknown command grade.test. ${LIST}`],
  [[], `Give a command. ${LIST}`],
])('%j: lists the commands, exit status 2', (args, stderr) => {
  expect(run(...args)).toMatchObject({ status: 2, stdout: '', stderr });
});

it('passes arguments to the command and its exit code back', () => {
  const wrong = run('grade', '--preset', 'nope', '--file', 'x');
  expect(wrong).toMatchObject({ status: 2, stdout: '' });
  expect(wrong.stderr).toMatch(/There is no preset nope[^]*Try --help/);
});
