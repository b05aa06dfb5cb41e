import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QualityFigures } from '../quality/measure';
import { divergence } from '../quality/measure';
import { CHECKPOINTS, VECTORS } from '../testing/checkpoints';
import { runHere } from '../testing/runHere';
import { command } from './quality';

const CHECKPOINT = join(CHECKPOINTS, 'qwen2_5_vl');

let folder: string;
let caseFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rounds-quality-'));
  caseFile = join(folder, 'case.json');
  const content = [
    { type: 'image', path: join(VECTORS, 'images/bars.png') },
    { type: 'text', text: 'What is shown?' },
  ];
  await writeFile(caseFile, JSON.stringify({ messages: [{ role: 'user', content }] }));
});

afterAll(() => rm(folder, { recursive: true }));

describe('quality', () => {
  it('measures every recipe: wider weights are closer to float32 and take more bytes', async () => {
    const { status, stdout, stderr } = await runHere(command, [
      CHECKPOINT,
      '--case',
      caseFile,
      '--tokens',
      '2',
      '--json',
    ]);
    expect([status, stderr]).toEqual([0, '']);
    const figures = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as QualityFigures);
    expect(figures.map(({ weights, recipe }) => `${weights} ${recipe}`)).toEqual([
      'q4 plain',
      'q4 best',
      'q8 plain',
      'f16 plain',
    ]);
    const [plain, best, q8, f16] = figures;
    for (const { isCalibrated, meanKl, top1, positions } of figures) {
      expect(isCalibrated).toBe(false);
      expect(meanKl).toBeGreaterThanOrEqual(0);
      expect(top1).toBeGreaterThan(0);
      expect(top1).toBeLessThanOrEqual(1);
      expect(positions).toBe(plain?.positions);
    }
    expect(plain?.meanKl).toBeGreaterThan(q8?.meanKl ?? Infinity);
    expect(best?.meanKl).toBeLessThan(plain?.meanKl ?? 0);
    expect(q8?.meanKl).toBeGreaterThan(f16?.meanKl ?? Infinity);
    expect(q8?.bytes).toBeLessThan(f16?.bytes ?? 0);
    expect(plain?.bytes).toBeLessThan(q8?.bytes ?? 0);
  });

  it.each<[string, string, string[], RegExp]>([
    [
      'a case that cannot be read',
      '{"messages": 1}',
      [],
      /^request_invalid: case 1: messages must be a list/,
    ],
    ['a file without cases', '[]', [], /^request_invalid: The case file has no cases/],
    [
      'a calibration file that is missing',
      '{"messages": [{"role": "user", "content": "x"}]}',
      ['--calibration', '/nowhere'],
      /^file_invalid: The calibration file \/nowhere can't be read/,
    ],
  ])('exit status 1 for %s', async (_what, content, args, message) => {
    const file = join(folder, 'bad.json');
    await writeFile(file, content);
    const { status, stdout, stderr } = await runHere(command, [CHECKPOINT, '--case', file, ...args]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
  });

  it('exit status 1 for a checkpoint that is missing', async () => {
    const { status, stderr } = await runHere(command, [join(folder, 'none'), '--case', caseFile]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^checkpoint_invalid: .*none is not a folder/);
  });
});

describe('divergence', () => {
  const logs = (...values: number[]): Float32Array => Float32Array.from(values, Math.log);

  it('is 0 for equal rows and agrees with KL worked out by hand', () => {
    const reference = logs(0.5, 0.5, 0.9, 0.1);
    expect(divergence(reference, reference, 2)).toEqual({ kl: 0, agreeing: 2, positions: 2 });
    const { kl, agreeing } = divergence(reference, logs(0.25, 0.75, 0.2, 0.8), 2);
    const byHand =
      0.5 * Math.log(0.5 / 0.25) +
      0.5 * Math.log(0.5 / 0.75) +
      0.9 * Math.log(0.9 / 0.2) +
      0.1 * Math.log(0.1 / 0.8);
    expect(kl).toBeCloseTo(byHand, 5);
    expect(agreeing).toBe(0);
  });
});
