import { describe, expect, it } from 'vitest';
import { RoundsError } from '../../shared/errors';
import { parseCase } from './caseBounds';
import { testAnswer, testCase, testRollouts } from './testing/testCase';

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The case with the value at a path replaced. */
function broken(path: string, value: unknown): unknown {
  const copy = json(testCase()) as Record<string, unknown>;
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  const target = steps.reduce((at, step) => at[step] as Record<string, unknown>, copy);
  target[last] = value;
  return copy;
}

function refusal(value: unknown): string {
  try {
    parseCase(value);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RoundsError);
    expect((thrown as RoundsError).code).toBe('case_invalid');
    return (thrown as RoundsError).message;
  }
  return '';
}

describe('parseCase', () => {
  it('gives back what was written, through JSON and through structured clone', () => {
    expect(parseCase(json(testCase()))).toEqual(testCase());
    expect(parseCase(structuredClone(testCase()))).toEqual(testCase());
  });

  it('keeps failed and stopped answers, which have no result', () => {
    const failed = testAnswer({
      status: 'failed',
      error: { code: 'device_lost', message: 'gone' },
      result: null,
      verdict: null,
      model: null,
      firstTokenMs: null,
      thinkingMs: null,
    });
    const record = testCase({
      entries: [failed, testRollouts({ status: 'stopped', result: null, rollouts: [] })],
    });
    expect(parseCase(json(record))).toEqual(record);
  });

  it('passes over fields that it does not know', () => {
    expect(parseCase({ ...testCase(), later: 1 })).toEqual(testCase());
  });

  it.each([
    ['version', 2, /newer version/],
    ['version', 0, /version/],
    ['id', '../../etc', /UUID/],
    ['title', 5, /title/],
    ['changedAt', 'yesterday', /time in UTC/],
    ['images', [{}], /sha256/],
    ['images.0.sha256', 'A'.repeat(64), /hexadecimal/],
    ['images.0.type', 'text/html; charset=x', /MIME/],
    ['images.0.format', 'SVG', /format/],
    ['images.0.window', [40, 0], /window/],
    ['images.0.window', [40], /window/],
    ['images.0.bytes', 1e12, /bytes/],
    ['images.0.identifying', [5], /identifying/],
    ['entries.0.uid', 'x', /UUID/],
    ['entries.0.kind', 'essay', /kind/],
    ['entries.0.parent', '99999999-9999-4999-8999-999999999999', /earlier answer/],
    ['entries.2.uid', '22222222-2222-4222-8222-222222222222', /twice/],
    ['entries.0.asked.images', [1], /images/],
    ['entries.0.asked.key', 2, /key/],
    ['entries.0.asked.options', Array(30).fill('x'), /options/],
    ['entries.0.asked.presetId', 'gpt', /presetId/],
    ['entries.0.asked.sampling.seed', 'x', /seed/],
    ['entries.0.status', 'running', /status/],
    ['entries.0.error', { code: 'teapot', message: '' }, /code/],
    ['entries.0.result.newIds', [-1], /newIds/],
    ['entries.0.result.text', 7, /text/],
    ['entries.0.result.timing.decodeMs', null, /decodeMs/],
    ['entries.0.probabilities.0.chosen.probability', 2, /probability/],
    ['entries.0.elapsedMs', -1, /elapsedMs/],
    ['entries.0.model.device.backend', 'cpu', /backend/],
    ['entries.2.count', 99, /count/],
    ['entries.2.rollouts.1.index', 0, /unique index/],
  ])('refuses %s = %j', (path, value, reason) => {
    expect(refusal(broken(path, value))).toMatch(reason);
  });

  it.each([null, 7, 'x', [], {}])('refuses %j', (value) => {
    expect(refusal(value)).not.toBe('');
  });
});
