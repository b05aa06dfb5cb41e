/** `npm run bench` on the embedded pack: the form of its report. Its figures are this machine's affair. */
import { expect, test } from './fixtures';
import { runCommand, type Outcome } from './runCommand';

const bench = (...args: string[]): Promise<Outcome> => runCommand('bench', ...args);

test('bench prints one object with every figure, or why there is none', async () => {
  test.setTimeout(15 * 60_000);
  const pack = ['--pack', 'public/models/rounds-mini', '--backend', 'wasm'];
  const { status, stdout, stderr } = await bench(
    ...pack,
    '--json',
    '--contexts',
    '64,99999',
    '--rollouts',
    '1,2',
  );
  expect(status, stderr).toBe(0);
  const report = JSON.parse(stdout) as Record<string, unknown>;
  const figure = expect.any(Number) as unknown;
  expect(report).toEqual({
    load: {
      ms: figure,
      peakJsHeapBytes: figure,
      gpuBytes: null,
      fromCache: false,
      why: expect.any(String) as unknown,
    },
    image: { ms: figure, tokens: 36 },
    ttft: { coldMs: figure, warmMs: figure, followUpMs: figure },
    decode: [
      {
        contextTokens: figure,
        tokensPerSecond: figure,
        dispatchesPerToken: null,
        why: 'WebAssembly has no dispatches.',
      },
      {
        contextTokens: 99999,
        tokensPerSecond: null,
        dispatchesPerToken: null,
        why: "The model's context is limited to 4096 tokens.",
      },
    ],
    rollouts: [
      { count: 1, tokensPerSecond: figure },
      { count: 2, tokensPerSecond: figure },
    ],
    device: expect.objectContaining({ backend: 'wasm', activations: 'f32' }) as object,
  });
  const { peakJsHeapBytes } = report['load'] as { peakJsHeapBytes: number };
  expect(peakJsHeapBytes).toBeGreaterThan(1_000_000);
});
