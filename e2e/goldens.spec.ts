/** `npm run verify` as a program: the committed reference vectors through the built page's own worker. */
import { execFile } from 'node:child_process';
import { expect, test } from './fixtures';

const VECTORS = 'models/goldens/vectors';

function verify(args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      'node',
      ['src/cli/run.mjs', 'verify', ...args],
      { maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      },
    );
  });
}

test('wasm equals the reference at every stage, in every case', async () => {
  const { status, stdout, stderr } = await verify([VECTORS, '--backend', 'wasm']);
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/^70 within limits, 0 not$/m);
});

// The software adapter takes about a hundred times as long as wasm, so single cases represent all.
const ON_WEBGPU = [
  {
    name: 'WebGPU equals the reference, windows included',
    only: 'qwen2_5_vl/single_image',
    stages: 3,
    details: {},
  },
  {
    name: 'WebGPU equals the reference, both families',
    only: '/single_image',
    stages: 6,
    details: { tag: '@long' },
  },
];
for (const { name, only, stages, details } of ON_WEBGPU) {
  test(name, details, async () => {
    const { status, stdout, stderr } = await verify([VECTORS, '--backend', 'webgpu', '--only', only]);
    expect(stderr).toContain('webgpu');
    expect(status, stdout + stderr).toBe(0);
    expect(stdout.match(/ok {3}.* (logits|vision|greedy) /g)).toHaveLength(stages);
  });
}

test('refuses a folder that holds no reference cases', async () => {
  const { status, stderr } = await verify(['docs']);
  expect(status).toBe(1);
  expect(stderr).toContain('not a folder of reference cases');
});
