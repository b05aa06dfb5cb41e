import { afterEach, expect, it } from 'vitest';
import engineSource from '../../engine/selfTest.ts?raw';
import { language } from '../i18n/i18n.svelte';
import { selfTestDetail } from './deviceText';

const report = (detail: string) => ({ status: 'passed', detail, milliseconds: 1 }) as const;

afterEach(() => language.use('en'));

it('tells in every language how near the numbers came', async () => {
  // The engine writes this sentence; should its words change, the page would fall back to them.
  expect(engineSource).toContain('Known answers reproduced; largest difference ${');
  expect(engineSource).toContain('} of ${limit} allowed.`');
  const detail = 'Known answers reproduced; largest difference 3.1e-5 of 0.005 allowed.';
  expect(selfTestDetail(report(detail))).toBe(detail);
  await language.use('es');
  expect(selfTestDetail(report(`${detail} (2026-11-22)`))).toBe(
    'Respuestas conocidas reproducidas; la mayor diferencia es 3.1e-5, y se admite 0.005. (2026-11-22)',
  );
  expect(selfTestDetail(report('This pack carries no known answers.'))).toContain('no known answers');
});
