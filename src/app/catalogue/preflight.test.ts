import { describe, expect, it } from 'vitest';
import { gpuBytesFor, preflight, type DeviceFacts, type Finding, type Needs } from './preflight';

const NEEDS: Needs = {
  parameters: 3_754_622_976,
  packBytes: 2_317_071_897,
  presentBytes: 0,
  largestTensorBytes: 311_164_928,
};
const GPU = {
  description: 'a real GPU',
  software: false,
  shaderF16: true,
  maxBufferBytes: 2 ** 31,
  maxBindingBytes: 2 ** 31,
};
const FACTS: DeviceFacts = {
  probe: { gpu: GPU, allocation: null },
  storage: { usage: 0, quota: 10 * 2 ** 30, persisted: false, isPrivate: false },
  deviceMemoryGib: 8,
  threads: 2,
};

const judge = (facts: Partial<DeviceFacts>, needs: Partial<Needs> = {}) =>
  preflight({ ...NEEDS, ...needs }, { ...FACTS, ...facts });
const of = ({ findings }: { findings: Finding[] }, about: Finding['about']) =>
  findings.find((finding) => finding.about === about);

describe('preflight', () => {
  it('finds nothing against a good GPU, and promises nothing about its memory', () => {
    const result = judge({});
    expect(result).toMatchObject({ canRun: true, canStore: true });
    expect(result.findings.map(({ about, level }) => [about, level])).toEqual([
      ['gpu', 'ok'],
      ['width', 'ok'],
      ['limits', 'ok'],
      ['memory', 'warn'],
      ['space', 'ok'],
    ]);
  });

  it('refuses a large model without WebGPU, not a small one', () => {
    const probe = { gpu: null, allocation: null };
    expect(judge({ probe })).toMatchObject({ canRun: false, canStore: true });
    expect(judge({ probe }, { parameters: 5e6 })).toMatchObject({ canRun: true });
  });

  it('estimates speed and memory of a model that runs on WebAssembly', () => {
    const probes = [null, { ...GPU, software: true }].map((gpu) => ({ gpu, allocation: null }));
    for (const probe of probes) {
      const result = judge({ probe }, { parameters: 135e6 });
      expect(of(result, 'gpu')?.sentence).toContain('about 30 tokens per second');
      expect(of(result, 'memory')).toMatchObject({ level: 'ok' });
      expect(of(result, 'memory')?.sentence).toContain('960 MB');
      expect(result.canRun).toBe(true);
    }
    const low = judge({ probe: probes[0]!, deviceMemoryGib: 1 }, { parameters: 135e6 });
    expect(of(low, 'memory')?.level).toBe('warn');
  });

  it('warns of a software GPU and of missing 16-bit numbers', () => {
    const result = judge({
      probe: { gpu: { ...GPU, software: true, shaderF16: false }, allocation: null },
    });
    expect(of(result, 'gpu')?.level).toBe('warn');
    expect(of(result, 'width')?.level).toBe('warn');
    expect(result.canRun).toBe(true);
  });

  it.each(['maxBufferBytes', 'maxBindingBytes'] as const)('refuses where %s is too small', (limit) => {
    const result = judge({ probe: { gpu: { ...GPU, [limit]: 128 * 2 ** 20 }, allocation: null } });
    expect(of(result, 'limits')?.level).toBe('bad');
    expect(of(result, 'limits')?.sentence).toContain('134 MB');
    expect(result.canRun).toBe(false);
  });

  it('takes exactly the limit', () => {
    const gpu = { ...GPU, maxBindingBytes: NEEDS.largestTensorBytes };
    expect(of(judge({ probe: { gpu, allocation: null } }), 'limits')?.level).toBe('ok');
  });

  it('believes a trial that failed, and only hopes after one that passed', () => {
    const askedBytes = gpuBytesFor(NEEDS.packBytes);
    const failed = judge({ probe: { gpu: GPU, allocation: { askedBytes, gotBytes: 1e9 } } });
    expect(failed.canRun).toBe(false);
    expect(of(failed, 'memory')?.sentence).toContain('1.00 GB');
    const passed = judge({ probe: { gpu: GPU, allocation: { askedBytes, gotBytes: askedBytes } } });
    expect(of(passed, 'memory')?.level).toBe('ok');
    expect(of(passed, 'memory')?.sentence).toContain('should fit');
  });

  it('warns of a device with little memory in all', () => {
    expect(of(judge({ deviceMemoryGib: 4 }), 'memory')?.sentence).toContain('only 4 GiB');
  });

  it('says what certainly does not fit, counting what is there already', () => {
    const storage = { ...FACTS.storage, usage: 9e9, quota: 10e9 };
    expect(judge({ storage })).toMatchObject({ canStore: false, canRun: true });
    expect(judge({ storage }, { presentBytes: 2e9 }).canStore).toBe(true);
  });

  it('knows private windows: small models are gone later, large ones do not fit whatever is reported', () => {
    const storage = { ...FACTS.storage, isPrivate: true };
    expect(judge({ storage }).canStore).toBe(false);
    expect(of(judge({ storage }, { packBytes: 3e8 }), 'space')?.level).toBe('warn');
  });

  it('says what the browser does not report', () => {
    const storage = { ...FACTS.storage, usage: null, quota: null };
    expect(of(judge({ storage }), 'space')?.level).toBe('warn');
  });
});
