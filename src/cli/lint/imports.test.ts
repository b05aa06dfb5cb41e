/** The directions of imports: each closed one is reported, whatever form the import has. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PROJECT } from '../install.mjs';
import { cycles, importGraph } from './importGraph.mjs';
import { importFault, LAYER_NAMES } from './imports.mjs';
import { layerOf, LAYERS } from './layers.mjs';

let project = '';

function write(files: Record<string, string>): void {
  for (const [file, source] of Object.entries(files)) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), source);
  }
}

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'rounds-imports-'));
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

const fault = (file: string, specifier: string, isWorker = false): string | null =>
  importFault(file, specifier, { project, isWorker });

describe('layers', () => {
  it('name only layers that exist', () => {
    for (const { may, starts = [] } of LAYERS) {
      for (const name of [...may, ...starts]) expect(['*', ...LAYER_NAMES]).toContain(name);
    }
  });

  it('are none of them open in a circle, except within the middle of the app', () => {
    const outside = LAYERS.filter(
      ({ name, may }) => !may.includes('*') && !/^app\/(?!i18n|browser)/.test(name),
    );
    const graph = new Map(outside.map(({ name, may }) => [name, may]));
    graph.set('runtime/ort', []);
    expect([...cycles(graph).keys()]).toEqual([]);
  });

  it('are known for every kind of file', () => {
    const known = {
      'src/engine/sampling.ts': 'engine',
      'src/engine/sampling.test.ts': 'tests',
      'src/convert/testing/testCheckpoint.ts': 'tests',
      'src/runtime/ort/loadOrt.ts': 'runtime/ort',
      'src/app/components/ask/AskForm.svelte': 'app/components',
      'src/app/App.svelte': 'page',
      'models/goldens/check.ts': 'models',
      'vite.config.ts': 'configuration',
    };
    for (const [file, name] of Object.entries(known)) expect(layerOf(file)?.name, file).toBe(name);
  });
});

describe('an import', () => {
  beforeEach(() =>
    write({
      'src/shared/errors.ts': '',
      'src/engine/sampling.ts': '',
      'src/worker/engine.worker.ts': '',
      'src/convert/testing/testCheckpoint.ts': '',
      'src/app/state/appState.svelte.ts': '',
      'src/app/text/format.ts': '',
      'src/app/i18n/i18n.svelte.ts': '',
      'src/app/browser/storedText.ts': '',
      'models/check.ts': '',
    }),
  );

  it.each([
    ['src/app/state/run.ts', '../text/format'],
    ['src/engine/decode.ts', './sampling'],
    ['src/engine/decode.test.ts', '../convert/testing/testCheckpoint'],
    ['e2e/page.spec.ts', '../src/app/state/appState.svelte'],
    ['src/image/decode.ts', '../engine/sampling'],
    ['src/cli/main.ts', 'node:fs'],
    ['src/runtime/ort/loadOrt.ts', 'onnxruntime-web/wasm'],
  ])('of %s from %s is open', (file, specifier) => expect(fault(file, specifier)).toBeNull());

  it.each([
    ['src/shared/pack.ts', '../engine/sampling', 'shared must not import engine'],
    ['src/engine/decode.ts', '../app/text/format', 'engine must not import app/text'],
    ['src/engine/decode.ts', 'onnxruntime-web', 'must not import onnxruntime-web'],
    ['src/runtime/tokenizer.ts', 'onnxruntime-web', 'must not import onnxruntime-web'],
    ['src/app/text/words.ts', '../state/appState.svelte', 'must not import app/state'],
    ['src/app/i18n/locales.ts', '../browser/storedText', 'must not import app/browser'],
    ['src/app/browser/x.ts', '../i18n/i18n.svelte', 'must not import app/i18n'],
    ['src/app/clients/engineClient.ts', '../../worker/engine.worker', 'must not import worker'],
    ['src/convert/plan.ts', './testing/testCheckpoint', 'is for tests'],
    ['src/app/App.svelte', 'node:fs', 'exists in Node only'],
    ['models/check.ts', '../src/app/text/format', 'models must not import app/text'],
  ])('of %s from %s is closed', (file, specifier, message) =>
    expect(fault(file, specifier)).toContain(message),
  );

  it('of a worker’s address is open to the clients only', () => {
    expect(fault('src/app/clients/engineClient.ts', '../../worker/engine.worker.ts', true)).toBeNull();
    expect(fault('src/app/state/run.ts', '../../worker/engine.worker.ts', true)).toContain('must not');
  });
});

describe('cycles', () => {
  it('are found through static, dynamic, type and worker imports', () => {
    write({
      'src/shared/a.ts': "import { b } from './b';",
      'src/shared/b.ts': "export const b = () => import('./c');",
      'src/shared/c.ts': "export type D = import('./d').D;",
      'src/shared/d.ts': "new Worker(new URL('./a.ts', import.meta.url));",
      'src/shared/e.ts': "export * from './a';",
    });
    expect(fault('src/shared/b.ts', './c')).toContain('import each other');
    expect(fault('src/shared/e.ts', './a')).toBeNull();
  });

  it('are not in the project', () => {
    expect([...cycles(importGraph(PROJECT)).keys()]).toEqual([]);
  });
});
