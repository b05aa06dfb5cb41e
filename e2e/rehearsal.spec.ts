/** `npm run rehearse` at a fiftieth of the size: the whole way of a checkpoint from a hub to an answer, and its memory. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from './fixtures';
import { runCommand, type Outcome } from './runCommand';

const rehearse = (args: string[]): Promise<Outcome> => runCommand('rehearse', ...args);

/** Cells of the table's rows by step. */
function rowsOf(stdout: string): Map<string, string[]> {
  const rows = stdout
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
  return new Map(rows.map(([step = '', ...cells]) => [step, cells]));
}

// e2e/libraryJourney.spec.ts goes the same way with a small checkpoint in every run.
test(
  'a checkpoint comes from the hub, is converted, kept, verified, loaded, and answers',
  { tag: '@long' },
  async () => {
    test.setTimeout(15 * 60_000);
    const dir = await mkdtemp(join(tmpdir(), 'rounds-rehearsal-'));
    try {
      const { status, stdout, stderr } = await rehearse(['1/50', '--backend', 'wasm', '--dir', dir]);
      expect(status, stdout + stderr).toBe(0);
      const rows = rowsOf(stdout);
      expect([...rows.keys()]).toEqual(['make', 'convert', 'compare', 'reopen', 'verify', 'load', 'answer']);
      const remark = (step: string): string => rows.get(step)?.at(-1) ?? '';
      // Each byte once; headers twice, and now and then a run of small tensors.
      const read = Number(/; ([\d.]+) of the checkpoint was read/.exec(remark('convert'))?.[1]);
      expect(read).toBeGreaterThan(0.999);
      expect(read).toBeLessThan(1.05);
      expect(remark('compare')).toBe('the command line makes the same pack');
      expect(remark('verify')).toBe('3 shards intact');
      expect(remark('answer')).toMatch(/^\d+ prompt tokens, answer ids \d+ \d+ \d+ \d+$/);
      const script = (step: string): number => Number(rows.get(step)?.[1]);
      expect(script('convert')).toBeLessThan(300);
      expect(existsSync(join(dir, 'checkpoint'))).toBe(false);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
);

test('rehearse says what it takes', async () => {
  const help = await rehearse(['--help']);
  expect(help.status).toBe(0);
  expect(help.stdout).toContain('npm run rehearse -- SCALE');
  const wrong = await rehearse(['7b']);
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain('SCALE must be 3b or 1/50');
});
