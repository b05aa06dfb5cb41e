import { describe, expect, it } from 'vitest';
import { bytesOf, findCases, foldText, summarize } from './caseSummary';
import { TEST_IMAGE, testAnswer, testCase, testRollouts } from './testing/testCase';

const summary = (id: string, title: string, askedAt: string, notes = '') => {
  const entry = testAnswer({ askedAt });
  return summarize(testCase({ id, title, notes, entries: [entry] }), '');
};

describe('summarize', () => {
  it('says how the last question ended', () => {
    expect(summarize(testCase({ entries: [testAnswer()] }), '').outcome).toEqual({
      kind: 'answer',
      status: 'done',
      chosen: 1,
      text: 'Brain MRI',
      correct: true,
    });
    expect(summarize(testCase({ entries: [testRollouts()] }), '').outcome).toMatchObject({
      kind: 'rollouts',
      finished: 2,
      right: 1,
    });
  });

  it('takes the first question where the visitor gave no title', () => {
    expect(summarize(testCase(), '').title).toBe('What kind of image is this?');
    expect(summarize(testCase({ title: 'Monday' }), '').title).toBe('Monday');
  });

  it('warns if stored files may identify the patient', () => {
    expect(summarize(testCase(), '').identifies).toBe(false);
    const images = [{ ...TEST_IMAGE, isRendered: false, identifying: ['Patient’s Name'] }];
    expect(summarize(testCase({ images }), '').identifies).toBe(true);
  });
});

describe('findCases', () => {
  const cases = [
    summary('a', 'Lésion du Foie', '2026-01-02T00:00:00.000Z'),
    summary('b', 'Zebra', '2026-01-03T00:00:00.000Z', 'for Monday’s class'),
    summary('c', 'apple', '2026-01-01T00:00:00.000Z'),
  ];
  const ids = (query: string, order: Parameters<typeof findCases>[2] = 'newest') =>
    findCases(cases, query, order).map(({ id }) => id);

  it('finds every word, in title, notes, question, choices and model, whatever the accents and case', () => {
    expect(ids('LESION foie')).toEqual(['a']);
    expect(ids('monday')).toEqual(['b']);
    expect(ids('chest x-ray')).toHaveLength(3);
    expect(ids('rounds-mini zebra')).toEqual(['b']);
    expect(ids('liver')).toEqual([]);
    expect(ids('  ')).toHaveLength(3);
  });

  it('sorts by time and by title', () => {
    expect(ids('')).toEqual(['b', 'a', 'c']);
    expect(ids('', 'oldest')).toEqual(['c', 'a', 'b']);
    expect(ids('', 'title')).toEqual(['c', 'a', 'b']);
  });
});

it('foldText takes marks and blanks away', () => {
  expect(foldText('  Ça   Und\nÜber أَهْلًا ')).toBe('ca und uber اهلا');
});

it('bytesOf counts a picture once, however many cases have it', () => {
  const [a, b] = [
    summary('a', 'A', '2026-01-01T00:00:00.000Z'),
    summary('b', 'B', '2026-01-01T00:00:00.000Z'),
  ];
  expect(bytesOf([a, b])).toBe(a.recordBytes + b.recordBytes + TEST_IMAGE.bytes);
});
