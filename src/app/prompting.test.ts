import { describe, expect, it } from 'vitest';
import { buildRequest, judge, type Asked } from './prompting';

const ASKED: Asked = {
  question: 'What is this?',
  options: ['Chest X-ray', 'Head CT'],
  key: 1,
  presetId: 'medvlthinker',
  sampling: { maxNewTokens: null, temperature: null, seed: 7 },
  images: [{ blob: new Blob(), name: 'a.png' }],
};
const answered = (answer: string): string => `<think>Bone.</think><answer>${answer}</answer>`;

describe('buildRequest', () => {
  it('never tells the model the key', () => {
    const withKey = buildRequest(ASKED, 4096);
    expect(buildRequest({ ...ASKED, key: null }, 4096)).toEqual(withKey);
    expect(buildRequest({ ...ASKED, key: 0 }, 4096)).toEqual(withKey);
  });

  it('puts the images before the text, with lettered options', () => {
    const [user] = buildRequest(ASKED, 4096).messages;
    expect(user?.content).toEqual<unknown>([
      { type: 'image', image: ASKED.images[0] },
      {
        type: 'text',
        text: expect.stringMatching(/Question: What is this\?[^]*A\. Chest X-ray\n\nB\. Head CT$/) as string,
      },
    ]);
  });

  it('leaves to the preset what the visitor leaves open, within the context', () => {
    expect(buildRequest(ASKED, 2048).settings).toMatchObject({ maxNewTokens: 1024, temperature: 0, seed: 7 });
    expect(buildRequest(ASKED, 128_000).settings.maxNewTokens).toBe(4096);
    const sampling = { maxNewTokens: 50, temperature: 0.7, seed: 1 };
    expect(buildRequest({ ...ASKED, sampling }, 2048).settings).toMatchObject(sampling);
  });
});

describe('judge', () => {
  it('reads the choice and compares it with the key', () => {
    expect(judge(ASKED, answered('B'))).toMatchObject({ chosen: 1, correct: true, reward: 1 });
    expect(judge(ASKED, answered('Chest X-ray'))).toMatchObject({ chosen: 0, correct: false, reward: 0 });
  });

  it('reads the choice without a key, and gives no verdict then', () => {
    expect(judge({ ...ASKED, key: null }, answered('B'))).toMatchObject({ chosen: 1, correct: null });
  });

  it('reads no choice where there is none', () => {
    expect(judge(ASKED, answered('a dog'))).toMatchObject({ chosen: null, correct: false });
    expect(judge({ ...ASKED, presetId: 'medvlm-r1' }, answered('F'))).toMatchObject({ chosen: null });
    expect(judge({ ...ASKED, options: [] }, answered('B'))).toBeNull();
    expect(judge(ASKED, '')).toBeNull();
  });
});
