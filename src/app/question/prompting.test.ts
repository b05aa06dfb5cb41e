import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../shared/generation';
import { PRESET_IDS } from '../../shared/presets';
import {
  buildBeginning,
  buildRequest,
  isSameImage,
  judge,
  probabilityOptions,
  type Asked,
} from './prompting';

const ASKED: Asked = {
  question: 'What is this?',
  options: ['Chest X-ray', 'Head CT'],
  key: 1,
  presetId: 'medvlthinker',
  sampling: {
    maxNewTokens: null,
    temperature: null,
    topP: null,
    topK: null,
    repetitionPenalty: null,
    seed: 7,
  },
  images: [{ blob: new Blob(), name: 'a.png' }],
};
const answered = (answer: string): string => `<think>Bone.</think><answer>${answer}</answer>`;

describe('buildRequest', () => {
  it('never gives the model the key', () => {
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
    const sampling = {
      maxNewTokens: 50,
      temperature: 0.7,
      topP: 0.9,
      topK: 20,
      repetitionPenalty: 1.1,
      seed: 1,
    };
    expect(buildRequest({ ...ASKED, sampling }, 2048).settings).toMatchObject(sampling);
  });
});

describe('buildBeginning', () => {
  it.each(PRESET_IDS)('is what every question of %s begins with, and nothing of the question', (presetId) => {
    for (const options of [[], ['Chest X-ray', 'Head CT']]) {
      const asked = { ...ASKED, presetId, options };
      const { messages, imageLimits } = buildBeginning(asked);
      const whole = buildRequest({ ...asked, question: 'Where is it?' }, 4096);
      expect(imageLimits).toEqual(whole.imageLimits);
      const lastText = ({ content }: ChatMessage): string =>
        typeof content === 'string'
          ? content
          : content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
      const [before, after] = [messages, whole.messages].map((list) => list.map(lastText));
      expect(after?.slice(0, -1)).toEqual(before?.slice(0, -1));
      expect(after?.at(-1)?.startsWith(`${before?.at(-1)}Where is it?`)).toBe(true);
    }
  });

  it('of a follow-up has the conversation before it', () => {
    const earlier = [{ asked: ASKED, text: answered('B') }];
    const { messages } = buildBeginning({ ...ASKED, images: [] }, earlier);
    expect(messages.slice(0, -1)).toEqual(buildRequest(ASKED, 4096, earlier).messages.slice(0, -1));
  });
});

describe('a conversation', () => {
  const follow = { ...ASKED, question: 'And where?', options: [], key: null, images: [] };

  it('is given whole, with what the model wrote and nothing of the keys', () => {
    const { messages } = buildRequest(follow, 4096, [{ asked: ASKED, text: answered('B') }]);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(messages[0]).toEqual(buildRequest(ASKED, 4096).messages[0]);
    expect(messages[1]?.content).toBe(answered('B'));
    expect(messages[2]?.content).toEqual<unknown>([
      { type: 'text', text: expect.stringContaining('And where?') as string },
    ]);
  });

  it('has the system message of its first question only', () => {
    const demo = { ...ASKED, presetId: 'medvlthinker-demo' as const };
    const { messages } = buildRequest({ ...follow, presetId: 'gmai-vl-r1' }, 4096, [
      { asked: demo, text: 'B' },
    ]);
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
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

it('probabilityOptions asks for the letters of a multiple choice only', () => {
  expect(probabilityOptions(ASKED)).toEqual({ alternatives: 5, optionLetters: ['A', 'B'] });
  expect(probabilityOptions({ ...ASKED, options: [] })).toEqual({ alternatives: 5 });
});

it('isSameImage distinguishes frames and windows of one file', () => {
  const [image] = ASKED.images;
  if (!image) throw new Error('no image');
  expect(isSameImage(image, { ...image, name: 'renamed' })).toBe(true);
  expect(isSameImage(image, { ...image, frame: 2 })).toBe(false);
  expect(isSameImage(image, { ...image, plane: 'coronal' })).toBe(false);
  expect(isSameImage({ ...image, window: [40, 80] }, { ...image, window: [40, 80] })).toBe(true);
  expect(isSameImage({ ...image, window: [40, 80] }, { ...image, window: [40, 81] })).toBe(false);
});
