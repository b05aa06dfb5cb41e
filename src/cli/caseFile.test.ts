import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCases, type ReadCase } from './caseFile';
import type { HarnessCase } from '../shared/harness';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rounds-cases-'));
  writeFileSync(join(folder, 'a.png'), '');
  writeFileSync(join(folder, 'b.dcm'), '');
});

afterAll(() => rmSync(folder, { recursive: true }));

const text = (content: string): object => ({ messages: [{ role: 'user', content }] });
const read = (value: unknown): ReadCase[] => readCases(JSON.stringify(value), folder).cases;

function job(read: ReadCase | undefined): HarnessCase {
  if (!read?.ok) throw new Error(`not a runnable case: ${read?.error.message}`);
  return read.job;
}

function refusal(read: ReadCase | undefined): string {
  if (!read || read.ok) throw new Error('the case was accepted');
  return `${read.error.code}: ${read.error.message}`;
}

describe('the file', () => {
  it('is one object, an array, or JSON lines', () => {
    const two = [text('one'), text('two')];
    expect(read(two[0])).toHaveLength(1);
    expect(read(two)).toHaveLength(2);
    const lines = `${two.map((value) => JSON.stringify(value)).join('\n')}\n`;
    expect(readCases(lines, folder).cases.map((c) => job(c).prompt.messages[0]?.content)).toEqual([
      'one',
      'two',
    ]);
  });

  it('keeps the other lines if one is invalid', () => {
    const { cases } = readCases(
      `${JSON.stringify(text('one'))}\n{"messages":\n${JSON.stringify(text('3'))}`,
      folder,
    );
    expect(cases.map((c) => c.ok)).toEqual([true, false, true]);
    expect(refusal(cases[1])).toBe('request_invalid: Line 2 is not JSON.');
  });

  it.each(['', '[]', 'not json', '{"messages": ['])('%j holds no cases', (content) => {
    expect(() => readCases(content, folder)).toThrow(/case file/);
  });
});

describe('a case', () => {
  it('is greedy and gives no logits by default', () => {
    expect(job(read(text('x'))[0])).toEqual({
      prompt: { messages: [{ role: 'user', content: 'x' }] },
      settings: {
        maxNewTokens: 256,
        temperature: 0,
        topP: 1,
        topK: 0,
        repetitionPenalty: 1,
        seed: 0,
        ignoreEos: false,
      },
      logits: 'none',
    });
  });

  it('mounts its images, also two with the same name', () => {
    const content = [
      { type: 'image', path: 'a.png' },
      { type: 'image', image: join(folder, 'b.dcm'), frame: 2, window: [40, 400] },
      { type: 'image', path: './a.png', plane: 'coronal', volume: 3 },
      { type: 'text', text: 'What is shown?' },
    ];
    const { cases, files } = readCases(
      JSON.stringify([text('x'), { messages: [{ role: 'user', content }] }]),
      folder,
    );
    expect(job(cases[1]).prompt.messages[0]?.content).toEqual([
      { type: 'image', image: { url: 'case/1/0', name: 'a.png' } },
      { type: 'image', image: { url: 'case/1/1', name: 'b.dcm', frame: 2, window: [40, 400] } },
      { type: 'image', image: { url: 'case/1/2', name: 'a.png', plane: 'coronal', volume: 3 } },
      { type: 'text', text: 'What is shown?' },
    ]);
    expect(files).toEqual({
      '/case/1/0': join(folder, 'a.png'),
      '/case/1/1': join(folder, 'b.dcm'),
      '/case/1/2': join(folder, 'a.png'),
    });
  });

  it('builds the prompt of a preset, with its settings and its rules for grading', () => {
    const [read] = readCases(
      JSON.stringify({
        preset: 'medvlm-r1',
        question: 'Which organ?',
        options: { A: 'Heart', B: 'Liver' },
        images: ['a.png', { path: 'b.dcm', frame: 1 }],
        key: 'B',
        temperature: 0.5,
      }),
      folder,
    ).cases;
    const { prompt, settings, preset, grading } = job(read);
    const content = prompt.messages[0]?.content;
    expect(prompt.messages).toHaveLength(1);
    expect(content?.slice(0, 2)).toEqual([
      { type: 'image', image: { url: 'case/0/0', name: 'a.png' } },
      { type: 'image', image: { url: 'case/0/1', name: 'b.dcm', frame: 1 } },
    ]);
    expect(JSON.stringify(content)).toContain('Which organ?\\nA) Heart\\nB) Liver');
    expect(settings).toMatchObject({ maxNewTokens: 512, temperature: 0.5 });
    expect(preset?.tags?.answer).toEqual(['<answer>', '</answer>']);
    expect(preset?.imageLimits).toHaveLength(1);
    expect(grading).toEqual({ preset: 'medvlm-r1', options: { A: 'Heart', B: 'Liver' }, key: 'B' });
  });

  it.each([
    [{ preset: 'none', question: 'x' }, 'request_invalid: There is no preset none'],
    [{ preset: 'chat' }, 'request_invalid: case 1: question must be a text'],
    [{ ...text('x'), preset: 'chat' }, 'request_invalid: case 1: give messages or a preset, not both.'],
    [{ ...text('x'), key: 'B', options: { A: 'y' } }, 'request_invalid: case 1: the key B is not among'],
    [{ preset: 'chat', question: 'x', images: ['c.png'] }, 'image_invalid: case 1: there is no file c.png.'],
    [{}, 'request_invalid: case 1: messages must be a list'],
    [[1], 'request_invalid: case 1 must be a JSON object'],
    [{ ...text('x'), maxNewTokens: 0 }, 'request_invalid: case 1: maxNewTokens must be a whole number'],
    [{ ...text('x'), logits: 'some' }, 'request_invalid: case 1: logits must be none or last or all'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'request_invalid: case 1: messages[0]: role must be'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image', path: 'c.png' }] }] },
      'image_invalid: case 1: there is no file c.png.',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'image', path: 'a.png', window: [1] }] }] },
      'request_invalid: case 1: messages[0]: content[0]: window must be [center, width]',
    ],
  ])('%j is refused', (value, message) => {
    expect(refusal(read(value)[0])).toContain(message);
  });
});
