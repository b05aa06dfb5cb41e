import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RoundsError, type ErrorCode } from '../../../shared/errors';
import type { ModelInfo, PrepareParams } from '../../../shared/protocol';
import type { CallOptions, EngineApi } from '../../clients/engineClient';
import { buildRequest, type Asked } from '../../question/prompting';
import { WorkAhead } from './workAhead';

const MODEL = { name: 'one' } as ModelInfo;
const IMAGE = { blob: new Blob(['a']), name: 'a.png' };
const ASKED: Asked = {
  question: '',
  options: [],
  key: null,
  presetId: 'medvlthinker',
  sampling: { seed: 1 } as Asked['sampling'],
  images: [IMAGE],
};

let calls: { params: PrepareParams; signal: AbortSignal; fail: (code: ErrorCode) => void }[];
let ahead: WorkAhead;
const beginning = (change: Partial<Asked> = {}, model = MODEL) => ({
  model,
  asked: { ...ASKED, ...change },
  earlier: [],
});
const rest = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1000);

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  const call = (_: string, params: PrepareParams, { signal }: CallOptions = {}) =>
    new Promise((_, reject) => {
      const fail = (code: ErrorCode): void => reject(new RoundsError(code, code));
      calls.push({ params, signal: signal ?? AbortSignal.abort(), fail });
    });
  ahead = new WorkAhead({ call } as unknown as EngineApi);
});
afterEach(() => void vi.useRealTimers());

describe('work ahead', () => {
  it('has the engine prepare what stands before the question, once', async () => {
    ahead.expect(beginning());
    await rest();
    ahead.expect(beginning({ question: 'What', options: [] }));
    ahead.expect(beginning({ question: 'What is', images: [{ ...IMAGE }] }));
    await rest();
    expect(calls).toHaveLength(1);
    const [before] = calls[0]!.params.messages;
    const whole = buildRequest({ ...ASKED, question: 'What is it?', options: ['A', 'B'] }, 100).messages[0];
    const textOf = (content: unknown): string => (content as { text: string }[])[1]?.text ?? '';
    expect(textOf(before?.content)).toMatch(/Question: $/);
    expect(textOf(whole?.content).startsWith(textOf(before?.content))).toBe(true);
  });

  it.each([
    ['image', beginning({ images: [{ ...IMAGE, blob: new Blob(['b']) }] })],
    ['frame', beginning({ images: [{ ...IMAGE, frame: 3 }] })],
    ['number of images', beginning({ images: [IMAGE, IMAGE] })],
    ['preset', beginning({ presetId: 'medvlthinker-demo' })],
    ['resize', beginning({ maxPixels: 10_000 })],
    ['model', beginning({}, { ...MODEL })],
    ['conversation', { ...beginning(), earlier: [{ asked: ASKED, text: 'B' }] }],
  ])('starts again, and cancels the earlier one, for another %s', async (_, other) => {
    ahead.expect(beginning());
    await rest();
    ahead.expect(other);
    expect(calls[0]?.signal.aborted).toBe(true);
    await rest();
    expect(calls).toHaveLength(2);
    expect(calls[1]?.signal.aborted).toBe(false);
  });

  it('waits until images have come to rest', async () => {
    for (let frame = 0; frame < 5; frame++) {
      ahead.expect(beginning({ images: [{ ...IMAGE, frame }] }));
      await vi.advanceTimersByTimeAsync(100);
    }
    await rest();
    expect(calls).toHaveLength(1);
  });

  it('is cancelled when there is nothing to ask about any more', async () => {
    ahead.expect(beginning());
    await rest();
    ahead.expect(null);
    expect(calls[0]?.signal.aborted).toBe(true);
    ahead.expect(beginning());
    ahead.expect(null);
    await rest();
    expect(calls).toHaveLength(1);
  });

  it('leaves the engine to an answer, which uses what is finished, and begins anew after it', async () => {
    ahead.expect(beginning());
    await rest();
    ahead.giveWay();
    expect(calls[0]?.signal.aborted).toBe(false);
    calls[0]?.fail('aborted');
    ahead.expect(beginning());
    await rest();
    expect(calls).toHaveLength(2);
    ahead.expect(null);
    ahead.expect(beginning());
    ahead.giveWay();
    await rest();
    expect(calls).toHaveLength(2);
  });

  it('does not try again what has failed, even on a model that was loaded again', async () => {
    ahead.expect(beginning());
    await rest();
    calls[0]?.fail('out_of_memory');
    await rest();
    ahead.expect(null);
    ahead.expect(beginning({}, { ...MODEL }));
    await rest();
    expect(calls).toHaveLength(1);
    ahead.expect(beginning({ images: [{ ...IMAGE, frame: 1 }] }));
    await rest();
    expect(calls).toHaveLength(2);
  });

  it.each(['aborted', 'model_not_loaded'] as const)('tries again what ended as %s', async (code) => {
    ahead.expect(beginning());
    await rest();
    calls[0]?.fail(code);
    await rest();
    ahead.expect(null);
    ahead.expect(beginning());
    await rest();
    expect(calls).toHaveLength(2);
  });
});
