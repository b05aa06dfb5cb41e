/** Files of cases that were made to take long, or to fill the memory. */
import { describe, expect, it } from 'vitest';
import { grade } from '../../shared/grading';
import { PRESET_IDS } from '../../shared/presets';
import { isLinear } from '../../shared/testing/growth';
import { ThinkingSplitter } from '../../engine/text/thinkingSplitter';
import { MarkdownStream } from '../text/markdown';
import { CASE_FILE, readCaseFile } from './caseFile';
import { caseMarkdown } from './caseMarkdown';
import { summarize } from './caseSummary';
import { packedZip, type PackedEntry } from './testing/packedZip';
import { TEST_IMAGE, testAnswer, testCase } from './testing/testCase';

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

function caseFile(record: unknown, more: readonly PackedEntry[] = []): Promise<Blob> {
  const manifest = {
    format: 'rounds-cases',
    version: 1,
    exportedAt: '2026-11-02T00:00:00.000Z',
    cases: [record],
  };
  return packedZip([{ name: CASE_FILE, bytes: encode(JSON.stringify(manifest)) }, ...more]);
}

/** A case without images, whose answer is this text. */
function answering(text: string): unknown {
  const { result, asked } = testAnswer();
  const answer = testAnswer({
    answer: text.slice(0, 2_000_000),
    asked: { ...asked, images: [] },
    result: result && { ...result, text, answer: text.slice(0, 2_000_000) },
  });
  return { ...testCase(), images: [], entries: [answer] };
}

describe('a file of cases', () => {
  it('with half a million tags is read, graded and shown', async () => {
    const file = await caseFile(answering('<answer>'.repeat(499_000)));
    expect(file.size).toBeLessThan(20_000);
    const [read] = await readCaseFile(file);
    const record = read!.record;
    const entry = record.entries[0]!;
    if (entry.kind !== 'answer') throw new Error('An answer is expected.');
    const text = entry.result?.text ?? '';
    expect(text).toHaveLength(3_992_000);
    for (const preset of PRESET_IDS) expect(grade(preset, text, { A: 'x', B: 'y' }, 'B').reward).toBe(0);
    expect(new MarkdownStream().read(entry.answer).length).toBeGreaterThan(0);
    expect(summarize(record, '')).toBeDefined();
    expect(caseMarkdown(record)).toContain('&lt;answer');
    const splitter = new ThinkingSplitter();
    splitter.push(text);
    expect(splitter.finish()).toEqual([]);
    expect(splitter.result()).toEqual({ thinking: '', answer: '' });
  });

  it.each<[string, unknown]>([
    ['deep lists', JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`)],
    [
      'deep lists in a field',
      { ...testCase(), title: JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown },
    ],
    ['a long text for a number', { ...testCase(), version: 'x'.repeat(5_000_000) }],
    ['a text that is too long', answering('x'.repeat(5_000_000))],
  ])('with %s is refused in a sentence', async (_, record) => {
    const refused = await readCaseFile(await caseFile(record)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'case_invalid' });
    expect((refused as Error).message.length).toBeLessThanOrEqual(300);
  });

  it('whose text would be too large unpacked is refused before', async () => {
    const entry = { name: CASE_FILE, bytes: encode('{}'), claims: 100_000_000 };
    const refused = readCaseFile(await packedZip([entry]));
    await expect(refused).rejects.toMatchObject({ code: 'case_invalid', message: /Export fewer cases/ });
  });

  it('whose images would unpack to far more than the file is refused', async () => {
    const images = ['a', 'b', 'c'].map((digit) => ({
      ...TEST_IMAGE,
      sha256: digit.repeat(64),
      bytes: 90_000_000,
    }));
    const packed = images.map(({ sha256, bytes }) => ({
      name: `images/${sha256}.png`,
      bytes: encode('x'),
      claims: bytes,
    }));
    const refused = readCaseFile(await caseFile({ ...testCase(), images }, packed));
    await expect(refused).rejects.toMatchObject({ code: 'case_invalid', message: /far more than the file/ });
  });

  it('is read in proportion to its length', async () => {
    const make = (size: number): Promise<Blob> =>
      caseFile(answering('<think>a</think> <answer>\n'.repeat(size)));
    expect(await isLinear(make, async (file) => readCaseFile(await file), 5_000)).toBe(true);
  });

  it('is shown in proportion to its length', async () => {
    const make = (size: number): ReturnType<typeof testCase> =>
      testCase({
        entries: [testAnswer({ answer: '<answer> ![x](y) |  '.repeat(size), thinking: ' '.repeat(size) })],
      });
    const run = (record: ReturnType<typeof testCase>): void => {
      caseMarkdown(record);
      summarize(record, '');
    };
    expect(await isLinear(make, run, 3_000)).toBe(true);
  });
});
