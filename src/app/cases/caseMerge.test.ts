import { expect, it } from 'vitest';
import { mergeCases } from './caseMerge';
import { TEST_IMAGE, testAnswer, testCase } from './testing/testCase';

const OTHER = { ...TEST_IMAGE, sha256: 'b'.repeat(64) };

it('loses no answer of either tab, and gives each its own images', () => {
  const shared = testAnswer();
  const here = testAnswer({
    uid: '55555555-5555-4555-8555-555555555555',
    askedAt: '2026-11-01T12:00:00.000Z',
  });
  const there = testAnswer({
    uid: '66666666-6666-4666-8666-666666666666',
    askedAt: '2026-11-01T11:00:00.000Z',
  });
  const old = testCase({
    images: [OTHER, TEST_IMAGE],
    entries: [{ ...shared, asked: { ...shared.asked, images: [1] } }, there],
  });
  const merged = mergeCases(old, testCase({ images: [TEST_IMAGE], entries: [shared, here] }));
  expect(merged.entries.map(({ uid }) => uid)).toEqual([shared.uid, there.uid, here.uid]);
  const hashes = merged.entries.map(({ asked }) => merged.images[asked.images[0] ?? -1]?.sha256);
  expect(hashes).toEqual([TEST_IMAGE.sha256, OTHER.sha256, TEST_IMAGE.sha256]);
  expect(merged.images).toHaveLength(2);
});

it('keeps title and notes of what is stored, and the fresh state of an answer', () => {
  const fresh = testCase({ entries: [testAnswer({ answer: 'longer' })] });
  const merged = mergeCases(testCase({ title: 'Mine', notes: 'n', entries: [testAnswer()] }), fresh);
  expect(merged).toMatchObject({ title: 'Mine', notes: 'n', entries: [{ answer: 'longer' }] });
});

it('distinguishes frames of one file', () => {
  const second = { ...TEST_IMAGE, frame: 3 };
  const merged = mergeCases(testCase(), testCase({ images: [second], entries: [testAnswer()] }));
  expect(merged.images).toContainEqual(second);
});
