import { afterEach, describe, expect, it } from 'vitest';
import type { DeviceReason, SelfTestDetail } from '../../shared/device';
import { language } from '../i18n/i18n.svelte';
import { adapterText, reasonsText, selfTestDetail } from './deviceText';

const REPRODUCED: SelfTestDetail = { code: 'reproduced', params: { worst: 3.1e-5, limit: 0.005 } };
const report = (detail: SelfTestDetail, date?: string) =>
  ({ status: 'passed', detail, milliseconds: 1, ...(date ? { date } : {}) }) as const;
const GPU = { backend: 'webgpu', activations: 'f16', subgroups: true } as const;

afterEach(() => language.use('en'));

describe('selfTestDetail', () => {
  it('says in every language how close the numbers were', async () => {
    expect(selfTestDetail(report(REPRODUCED))).toBe(
      'Known answers reproduced. Largest difference: 3.1e-5 (limit 0.005).',
    );
    await language.use('es');
    expect(selfTestDetail(report(REPRODUCED, '2026-11-22'))).toBe(
      'Respuestas conocidas reproducidas. Diferencia máxima: 3.1e-5 (límite 0.005). (2026-11-22)',
    );
  });

  it('is empty where there was no test', () => {
    expect(selfTestDetail({ status: 'none', detail: null, milliseconds: 0 })).toBe('');
  });
});

describe('reasonsText', () => {
  const reasons: DeviceReason[] = [
    {
      code: 'wrong_numbers',
      params: {
        mode: GPU,
        detail: { code: 'prediction_off', params: { withImage: true, deviations: 1.234 } },
      },
    },
    {
      code: 'mode_failed',
      params: {
        mode: { backend: 'webgpu', activations: 'f32', subgroups: false },
        error: { code: 'internal', message: 'For the report only.' },
      },
    },
  ];

  it('names the modes that were skipped, and why', () => {
    expect(reasonsText({ reasons })).toBe(
      'WebGPU in float16 gave wrong numbers on this device and isn’t used. ' +
        'The first prediction is off by 1.2 standard deviations. ' +
        'WebGPU in float32 without subgroups failed on this device and isn’t used.',
    );
    expect(reasonsText({ reasons: [] })).toBe('');
  });

  it('has no English words in another language', async () => {
    await language.use('zh');
    const text = reasonsText({ reasons: [{ code: 'no_webgpu' }, ...reasons] });
    expect(text.replace(/WebGPU|WebAssembly|[CG]PU|float\d+/g, '')).not.toMatch(/[a-z]{2}/i);
  });
});

it('adapterText adds the threads of WebAssembly', () => {
  expect(adapterText({ adapter: 'Some GPU' })).toBe('Some GPU');
  expect(adapterText({ adapter: 'WebAssembly', threads: 1 })).toBe('WebAssembly, 1 thread');
  expect(adapterText({ adapter: 'WebAssembly', threads: 4 })).toBe('WebAssembly, 4 threads');
});
