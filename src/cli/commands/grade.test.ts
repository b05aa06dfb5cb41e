import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runHere } from '../testing/runHere';
import { command } from './grade';

const folder = mkdtempSync(join(tmpdir(), 'rounds-grade-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function runOn(
  lines: readonly string[],
  preset = 'medvlthinker',
): Promise<{ rows: unknown[]; status: number }> {
  const file = join(folder, 'rows.jsonl');
  writeFileSync(file, lines.join('\n'));
  const { stdout, status } = await runHere(command, ['--preset', preset, '--file', file]);
  const rows = stdout.trimEnd().split('\n');
  return { rows: rows.map((line) => JSON.parse(line) as unknown), status };
}

const row = (text: string) => JSON.stringify({ text, options: { A: 'No', B: 'Yes' }, key: 'B' });

describe('grade', () => {
  it('prints one verdict for each row, in order', async () => {
    const { rows, status } = await runOn([row('<think>t</think><answer>B</answer>'), '', row('no'), '']);
    expect(rows).toEqual([
      { letter: 'B', correct: true, format: 1, accuracy: 1, reward: 1 },
      { letter: 'A', correct: false, format: 0, accuracy: 0, reward: 0 },
    ]);
    expect(status).toBe(0);
  });

  it('puts an error in the place of a row that cannot be graded', async () => {
    const { rows, status } = await runOn([
      '{ "text": ',
      JSON.stringify({ text: 'B', options: { A: 'No' }, key: 'B' }),
      JSON.stringify({ text: 7, options: {}, key: 'B' }),
      row('yes'),
    ]);
    expect(rows).toMatchObject([
      { error: { code: 'request_invalid', message: 'Line 1 is not JSON.' } },
      { error: { code: 'request_invalid', message: 'The key B is not one of the options.' } },
      { error: { code: 'request_invalid' } },
      { letter: 'B' },
    ]);
    expect(status).toBe(1);
  });

  it('explains itself, and refuses wrong usage with status 2', async () => {
    const help = await runHere(command, ['--help']);
    expect(help.status).toBe(0);
    expect(help.stdout).toContain('medvlm-r1');
    for (const args of [
      [],
      ['--preset', 'nope', '--file', 'x'],
      ['--preset', 'chat', '--file', '/nowhere'],
      ['-x'],
    ]) {
      const { status, stderr, stdout } = await runHere(command, args);
      expect(status, args.join(' ')).toBe(2);
      expect(stderr).toContain('--help');
      expect(stdout).toBe('');
    }
  });
});
