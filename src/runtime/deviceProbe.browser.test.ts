import { describe, expect, it } from 'vitest';
import type { AdapterSummary } from './device';
import { findAdapter } from './device';
import { probeDevice } from './deviceProbe';

const GIB = 2 ** 30;

/** An adapter whose device has `memory` bytes, then says so as WebGPU does: by an error scope. */
function scripted(memory: number): { summary: AdapterSummary; live: () => number } {
  let used = 0;
  let failed = false;
  let scopes = 0;
  const device = {
    lost: new Promise(() => undefined),
    pushErrorScope: () => scopes++,
    popErrorScope: () => {
      scopes--;
      const error = failed && scopes === 1 ? { message: 'out of memory' } : null;
      if (scopes === 0) failed = false;
      return Promise.resolve(error);
    },
    createBuffer: ({ size }: { size: number }) => {
      failed = used + size > memory;
      let held = failed ? 0 : size;
      used += held;
      return {
        destroy: () => {
          used -= held;
          held = 0;
        },
      };
    },
    queue: { writeBuffer: () => undefined, onSubmittedWorkDone: () => Promise.resolve() },
    destroy: () => undefined,
    features: new Set<string>(),
  };
  const adapter = {
    features: new Set(['shader-f16']),
    limits: { maxBufferSize: GIB, maxStorageBufferBindingSize: GIB / 2 },
    requestDevice: () => Promise.resolve(device),
  };
  return {
    summary: { adapter: adapter as unknown as GPUAdapter, description: 'scripted', software: false },
    live: () => used,
  };
}

describe('probeDevice', () => {
  it('says where there is no GPU', async () => {
    expect(await probeDevice(null, GIB)).toEqual({ gpu: null, allocation: null });
  });

  it('reports how much was allocated when memory runs out, and frees all of it', async () => {
    const { summary, live } = scripted(1.1 * GIB);
    const { gpu, allocation } = await probeDevice(summary, 2 * GIB);
    expect(gpu).toMatchObject({ shaderF16: true, maxBufferBytes: GIB, maxBindingBytes: GIB / 2 });
    expect(allocation).toEqual({ askedBytes: 2 * GIB, gotBytes: GIB });
    expect(live()).toBe(0);
  });

  it('gets what there is, to the byte', async () => {
    const { summary, live } = scripted(4 * GIB);
    const asked = 2 * GIB + 12_345;
    expect((await probeDevice(summary, asked)).allocation).toEqual({ askedBytes: asked, gotBytes: asked });
    expect(live()).toBe(0);
  });

  it('reads the limits of this browser’s own adapter and gets a little memory from it', async () => {
    const adapter = await findAdapter();
    const probe = await probeDevice(adapter, 1024 * 1024);
    // Chromium as the tests start it has at least the software adapter.
    expect(probe.gpu?.maxBufferBytes).toBeGreaterThanOrEqual(256 * 1024 * 1024);
    expect(probe.allocation).toEqual({ askedBytes: 1024 * 1024, gotBytes: 1024 * 1024 });
  });
});
