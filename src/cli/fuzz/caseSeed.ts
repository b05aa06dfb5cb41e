/** A small sound case without images: a question with choices, its follow-up, and rollouts. */
const QUESTION = {
  question: 'What kind of image is this?',
  options: ['Chest X-ray', 'Brain MRI'],
  key: 1 as number | null,
  presetId: 'medvlthinker',
  sampling: {
    maxNewTokens: null,
    temperature: null,
    topP: null,
    topK: null,
    repetitionPenalty: null,
    seed: 42,
  },
  images: [],
};

const MODEL = {
  name: 'rounds-mini',
  packHash: 'f'.repeat(64),
  parameters: 5600000,
  weights: 'q8',
  source: { repo: 'rounds/rounds-mini', revision: null, license: 'MIT' },
  device: {
    backend: 'wasm',
    adapter: 'WebAssembly',
    threads: 2,
    features: [],
    activations: 'f32',
    software: false,
    selfTest: { status: 'passed', milliseconds: 12.5 },
  },
};

const TIMING = { imageMs: 1, visionMs: 2, prefillMs: 3, decodeMs: 4, decodeTokensPerSecond: 50 };
const THINKING = 'Grey and white matter: *a brain*.';
const FIRST_UID = '22222222-2222-4222-8222-222222222222';

const ANSWER = {
  kind: 'answer',
  uid: FIRST_UID,
  parent: null as string | null,
  askedAt: '2026-11-01T10:00:00.000Z',
  asked: QUESTION,
  status: 'done',
  error: null,
  elapsedMs: 1234.5,
  model: MODEL,
  thinking: THINKING,
  answer: 'B',
  tokens: 3,
  firstTokenMs: 100,
  thinkingMs: 900,
  result: {
    text: `<think>${THINKING}</think><answer>B</answer>`,
    newIds: [1, 2, 3],
    thinking: THINKING,
    answer: 'B',
    finishReason: 'stop',
    timing: { ...TIMING, ttftMs: 100 },
    contextUsed: 180,
    contextAvailable: 4096,
    cachedTokens: 0,
  },
  probabilities: [
    {
      index: 2,
      chosen: { id: 3, text: 'B', probability: 0.9 },
      top: [{ id: 3, text: 'B', probability: 0.9 }],
    },
  ],
  optionProbabilities: [{ index: 2, letter: 'B', options: [{ letter: 'B', probability: 0.9, share: 1 }] }],
  verdict: { chosen: 1, correct: true, format: 1, accuracy: 1, reward: 1 },
};

const WHY = 'Because of the gyri.';
const FOLLOW_UP = {
  ...ANSWER,
  uid: '44444444-4444-4444-8444-444444444444',
  parent: FIRST_UID,
  askedAt: '2026-11-01T10:05:00.000Z',
  asked: { ...QUESTION, question: 'And why?', options: [], key: null },
  answer: WHY,
  result: { ...ANSWER.result, text: WHY, answer: WHY },
  verdict: null,
};

const rollout = (index: number, answer: string) => ({
  index,
  seed: 42 + index,
  newIds: [index],
  text: `<think>x</think><answer>${answer}</answer>`,
  thinking: 'x',
  answer,
  finishReason: 'stop',
  optionProbabilities: [],
  decodeMs: 10,
});

export const CASE_SEED = {
  version: 1,
  id: '11111111-1111-4111-8111-111111111111',
  title: '',
  notes: '',
  createdAt: '2026-11-01T10:00:00.000Z',
  changedAt: '2026-11-01T11:00:10.000Z',
  images: [],
  entries: [
    ANSWER,
    FOLLOW_UP,
    {
      kind: 'rollouts',
      uid: '33333333-3333-4333-8333-333333333333',
      parent: null,
      askedAt: '2026-11-01T11:00:00.000Z',
      asked: QUESTION,
      status: 'done',
      error: null,
      elapsedMs: 5000,
      model: MODEL,
      count: 2,
      temperature: 1,
      rollouts: [rollout(0, 'A'), rollout(1, 'B')],
      result: { promptTokens: 100, cachedTokens: 0, contextAvailable: 4096, timing: TIMING },
    },
  ],
};
