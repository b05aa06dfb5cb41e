import { describe, expect, it } from 'vitest';
import { summarize } from './events.mjs';

const lines = (...events: object[]): string => events.map((event) => JSON.stringify(event)).join('\n');

describe('a run that was cut off', () => {
  it('counts what has passed, and names what was running', () => {
    const text = lines(
      { event: 'begin', id: '1', name: 'first' },
      { event: 'end', id: '1', status: 'passed' },
      { event: 'begin', id: '2', name: 'second' },
      { event: 'end', id: '2', status: 'failed' },
      { event: 'begin', id: '3', name: 'third' },
    );
    expect(summarize(text)).toEqual({ passed: 1, failed: 2, skipped: 0, cut: ['third'] });
  });

  it('ignores half a line', () => {
    expect(summarize(`${lines({ event: 'end', id: '1', status: 'skipped' })}\n{"event":"en`)).toEqual({
      passed: 0,
      failed: 0,
      skipped: 1,
      cut: [],
    });
  });
});

it('counts a test once, by its last result', () => {
  const text = lines(
    { event: 'begin', id: '1', name: 'first' },
    { event: 'end', id: '1', status: 'failed' },
    { event: 'begin', id: '1', name: 'first' },
    { event: 'end', id: '1', status: 'passed' },
  );
  expect(summarize(text)).toEqual({ passed: 1, failed: 0, skipped: 0, cut: [] });
});
