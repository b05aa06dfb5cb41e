import { describe, expect, it } from 'vitest';
import type { AdapterSummary } from '../runtime/device';
import type { BackendName, LoadParams } from '../shared/protocol';
import { startEarly, type EarlyPorts } from './earlyStart';

const adapter = (software: boolean): AdapterSummary => ({
  adapter: { features: new Set(['shader-f16']) } as never,
  description: 'TestGPU',
  software,
});
const PACK = { packHash: 'x', parameters: 5e6 };

async function start(
  backend: LoadParams['backend'],
  found: AdapterSummary | null,
  { pack = PACK, ...more }: Partial<EarlyPorts> & { pack?: typeof PACK } = {},
) {
  const fetched: BackendName[] = [];
  const started: BackendName[] = [];
  const ports: EarlyPorts = {
    findAdapter: () => Promise.resolve(found),
    openBackend: () => Promise.reject(new Error('unused')),
    verdicts: { get: () => Promise.resolve(undefined), set: () => Promise.resolve() },
    clock: () => 0,
    environment: 'test',
    fetchRuntime: (name) => fetched.push(name),
    startRuntime: (name) => Promise.resolve(void started.push(name)),
    ...more,
  };
  const location = { kind: 'stored', id: 'x' } as const;
  const early = startEarly({ pack: location, backend, activations: 'auto' }, ports);
  await expect.poll(() => fetched.length).toBe(1);
  const before = [...started];
  early.onManifest(pack);
  await early.settled();
  return { fetched, before, started };
}

describe('the runtime', () => {
  it.each([
    ['wasm', null, 'wasm'],
    ['auto', null, 'wasm'],
    ['auto', adapter(true), 'wasm'],
    ['auto', adapter(false), 'webgpu'],
    ['webgpu', adapter(true), 'webgpu'],
  ] as const)(
    'for %s is fetched before anything of the model is known, and started once it is',
    async (wanted, found, used) => {
      const { fetched, before, started } = await start(wanted, found);
      expect(fetched).toEqual([used]);
      expect(before).toEqual([]);
      expect(started).toEqual([used]);
    },
  );

  it('is the one that the model will use: of a large one the GPU’s, and not that of a mode that has failed here', async () => {
    const large = await start('auto', adapter(true), { pack: { ...PACK, parameters: 3e9 } });
    expect(large.started).toEqual(['webgpu']);
    const failed = { ok: false, detail: {}, milliseconds: 0, at: '' } as never;
    const verdicts = {
      get: (key: string) => Promise.resolve(key.includes('WebGPU') ? failed : undefined),
      set: () => Promise.resolve(),
    };
    expect((await start('auto', adapter(false), { verdicts })).started).toEqual(['wasm']);
  });

  it('that can’t be started stops nothing here: opening the mode will report it', async () => {
    const startRuntime = (): Promise<void> => Promise.reject(new Error('no memory'));
    expect((await start('wasm', null, { startRuntime })).fetched).toEqual(['wasm']);
    const refused = startEarly(
      { pack: { kind: 'stored', id: 'x' }, backend: 'webgpu', activations: 'auto' },
      {
        findAdapter: () => Promise.reject(new Error('no adapter')),
        openBackend: () => Promise.reject(new Error('unused')),
        verdicts: { get: () => Promise.resolve(undefined), set: () => Promise.resolve() },
        clock: () => 0,
        environment: 'test',
      },
    );
    refused.onManifest(PACK);
    await refused.settled();
    await expect(refused.adapter).rejects.toThrow('no adapter');
  });
});
