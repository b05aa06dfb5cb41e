/** Measures the small shape on onnxruntime's CPU build: which rows there are, never how fast they are. */
import { expect, it } from 'vitest';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import { bandwidthShare, shapeTable } from '../shared/shapeReport';
import { measureOnDevice } from './measureOnDevice';

const ports = {
  findAdapter: async () => null,
  clock: () => performance.now(),
  openBackend: async () => ({
    backend: new OrtBackend(await loadOrt('wasm'), null, 'f32'),
    report: {
      backend: 'wasm' as const,
      adapter: 'WebAssembly',
      features: [],
      activations: 'f32' as const,
      software: true,
      reasons: [],
    },
  }),
};
const params = { shape: 'mini', backend: 'wasm', activations: 'auto' } as const;
const hooks = () => ({ signal: new AbortController().signal, onProgress: () => undefined });

it('measures every row, for several answers at once too', async () => {
  const steps: string[] = [];
  const report = await measureOnDevice({ ...params, limitMs: 600_000 }, ports, {
    ...hooks(),
    onProgress: (stage) => void steps.push(stage),
  });
  expect(report.rows.map(({ kind, lanes, size }) => [kind, lanes, size])).toEqual([
    ['decode', 1, 128],
    ['decode', 1, 512],
    ['decode', 2, 128],
    ['decode', 2, 512],
    ['prefill', 1, 64],
    ['vision', 1, 112],
  ]);
  expect(report.rows.every(({ ms }) => ms !== null && ms > 0)).toBe(true);
  expect(report.copyBandwidth).toBeGreaterThan(0);
  expect(new Set(steps)).toEqual(new Set(['compile', 'decode']));
  const share = bandwidthShare(report, report.rows[0]!);
  expect(share).toBeGreaterThan(0);
  const table = shapeTable(report);
  expect(table).toContain('| decode, M = 2, context 512 |');
  expect(table).toContain('predicted ms, Apple M2');
  expect(table.match(/^\| .*%/gm)).toHaveLength(4);
});

it('leaves out what there is no time for, and says so', async () => {
  const report = await measureOnDevice({ ...params, limitMs: 0 }, ports, hooks());
  expect(report.rows.every(({ ms, why }) => ms === null && why === 'time')).toBe(true);
  expect(shapeTable(report)).toContain('no time left');
});

it('stops when it is asked to', async () => {
  const abort = new AbortController();
  const measuring = measureOnDevice({ ...params, limitMs: 600_000 }, ports, {
    signal: abort.signal,
    onProgress: (stage) => {
      if (stage === 'decode') abort.abort();
    },
  });
  await expect(measuring).rejects.toMatchObject({ code: 'aborted' });
});
