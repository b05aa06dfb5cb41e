/** `npm run infer` as a program: lines, order, exit status and refusals. What it computes is the goldens' matter. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from './fixtures';

const GOLDENS = 'models/goldens/vectors';

interface Outcome {
  status: number;
  lines: Record<string, unknown>[];
  stderr: string;
}

let folder: string;

function command(name: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 1 << 28 };
    execFile('node', ['src/cli/run.mjs', name, ...args], options, (error, stdout, stderr) => {
      const lines = stdout.split('\n').filter((line) => line.startsWith('{"'));
      resolve({
        status: typeof error?.code === 'number' ? error.code : 0,
        lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>),
        stderr,
      });
    });
  });
}

function infer(cases: object[], args: string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
  const file = join(folder, 'cases.jsonl');
  writeFileSync(file, cases.map((value) => JSON.stringify(value)).join('\n'));
  return command('infer', ['--pack', join(folder, 'pack'), '--case', file, ...args], env);
}

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rounds-infer-'));
  copyFileSync(`${GOLDENS}/images/bars.png`, join(folder, 'bars.png'));
  writeFileSync(join(folder, 'text.png'), 'This is no image.\n');
  const checkpoint = `${GOLDENS}/checkpoints/qwen2_5_vl`;
  const { status, stderr } = await command('convert', [
    checkpoint,
    '--out',
    join(folder, 'pack'),
    '--weights',
    'f32',
  ]);
  expect(status, stderr).toBe(0);
});

test.afterAll(() => rmSync(folder, { recursive: true }));

test('prints a line for each case in order, and an error line where one cannot be run', async () => {
  const asked = { preset: 'medvlthinker', question: 'Which?', options: { A: 'one', B: 'two' }, key: 'B' };
  const { status, lines, stderr } = await infer(
    [
      { ...asked, images: ['bars.png'], maxNewTokens: 4, logits: 'all' },
      { ...asked, images: ['missing.png'] },
      { messages: [{ role: 'user', content: [{ type: 'image', path: 'text.png' }] }] },
      { messages: [{ role: 'user', content: 'Hello' }], maxNewTokens: 3, ignoreEos: true },
    ],
    ['--backend', 'wasm', '--activations', 'f32'],
  );
  expect(status, stderr).toBe(1);
  expect(lines).toHaveLength(4);
  const [first, second, third, last] = lines;
  expect(first).toMatchObject({
    finishReason: 'length',
    images: [{ width: expect.any(Number), rgbSha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    grade: { correct: false },
    device: { backend: 'wasm', activations: 'f32', features: expect.any(Array) },
  });
  expect(first?.['newIds']).toHaveLength(4);
  // Before each of the four tokens.
  expect(first?.['logits']).toHaveLength(4);
  expect(Object.keys(first?.['timing'] as object).sort()).toEqual(
    ['decodeMs', 'decodeTokensPerSecond', 'imageMs', 'loadMs', 'prefillMs', 'ttftMs', 'visionMs'].sort(),
  );
  expect(second).toMatchObject({ error: { code: 'image_invalid' } });
  expect(third).toMatchObject({ error: { code: 'image_invalid' } });
  expect(last?.['newIds']).toHaveLength(3);
  expect(last).not.toHaveProperty('grade');
});

test('says which code of error it is when the pack is damaged or there is no GPU', async () => {
  const hello = [{ messages: [{ role: 'user', content: 'Hello' }], maxNewTokens: 1 }];
  const noGpu = await infer(hello, ['--backend', 'webgpu'], {
    ROUNDS_CHROME_ARGS: '--disable-gpu --disable-software-rasterizer',
  });
  expect(noGpu.status).toBe(1);
  expect(noGpu.lines).toMatchObject([{ error: { code: 'webgpu_unavailable' } }]);

  const shard = join(folder, 'pack/shard-00000.bin');
  const intact = readFileSync(shard);
  const flipped = Buffer.from(intact);
  flipped.writeUInt8(flipped.readUInt8(1000) ^ 1, 1000);
  writeFileSync(shard, flipped);
  const damaged = await infer(hello, ['--backend', 'wasm']);
  writeFileSync(shard, intact);
  expect(damaged.status).toBe(1);
  expect(damaged.lines).toMatchObject([{ error: { code: 'integrity_mismatch' } }]);
});

test('reads DICOM files whose decoders come as files of their own, and the frame that is asked for', async () => {
  const images = 'models/goldens/images';
  const reference = JSON.parse(readFileSync(`${images}/dicom.json`, 'utf8')) as Record<string, unknown>[];
  const asked = [
    { file: 'made/j2k_rgb.dcm', frame: 0 },
    { file: 'pydicom/MR_small_RLE.dcm', frame: 0 },
    { file: 'made/jls_near.dcm', frame: 0 },
    { file: 'made/fragments_markers.dcm', frame: 2 },
  ];
  const cases = asked.map(({ file, frame }, i) => {
    copyFileSync(`${images}/${file}`, join(folder, `${i}.dcm`));
    const image = { type: 'image', path: `${i}.dcm`, frame };
    return { messages: [{ role: 'user', content: [image] }], maxNewTokens: 1 };
  });
  const { status, lines, stderr } = await infer(cases, ['--backend', 'wasm', '--activations', 'f32']);
  expect(status, stderr).toBe(0);
  const wanted = asked.map(({ file, frame }) =>
    reference.find((row) => row['file'] === file && row['frame'] === frame),
  );
  expect(lines.map((line) => (line['images'] as { rgbSha256: string }[])[0]?.rgbSha256)).toEqual(
    wanted.map((row) => row?.['rgb']),
  );
});
