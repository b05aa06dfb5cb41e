/** A case for tests: a question with choices, its follow-up, and rollouts. */
import type { CaseAnswer, CaseImage, CaseModel, CaseRecord, CaseRollouts } from '../caseFormat';

export const CASE_ID = '11111111-1111-4111-8111-111111111111';

export const TEST_MODEL: CaseModel = {
  name: 'rounds-mini',
  packHash: 'f'.repeat(64),
  parameters: 5_600_000,
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

export const TEST_IMAGE: CaseImage = {
  sha256: 'a'.repeat(64),
  bytes: 5,
  type: 'image/png',
  name: 'image.png',
  format: 'DICOM',
  width: 4,
  height: 3,
  isRendered: true,
  identifying: [],
  frame: 2,
  window: [40, 400],
};

const SAMPLING = {
  maxNewTokens: null,
  temperature: null,
  topP: null,
  topK: null,
  repetitionPenalty: null,
  seed: 42,
};
const TIMING = { imageMs: 1, visionMs: 2, prefillMs: 3, decodeMs: 4, decodeTokensPerSecond: 50 };

export function testAnswer(change: Partial<CaseAnswer> = {}): CaseAnswer {
  return {
    kind: 'answer',
    uid: '22222222-2222-4222-8222-222222222222',
    parent: null,
    askedAt: '2026-11-01T10:00:00.000Z',
    asked: {
      question: 'What kind of image is this?',
      options: ['Chest X-ray', 'Brain MRI'],
      key: 1,
      presetId: 'medvlthinker',
      sampling: SAMPLING,
      images: [0],
    },
    status: 'done',
    error: null,
    elapsedMs: 1234.5,
    model: TEST_MODEL,
    thinking: 'Grey and white matter: *a brain*.',
    answer: 'B',
    tokens: 3,
    firstTokenMs: 100,
    thinkingMs: 900,
    result: {
      text: '<think>Grey and white matter: *a brain*.</think><answer>B</answer>',
      newIds: [1, 2, 3],
      thinking: 'Grey and white matter: *a brain*.',
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
    ...change,
  };
}

export function testRollouts(change: Partial<CaseRollouts> = {}): CaseRollouts {
  const { asked } = testAnswer();
  const rollout = (index: number, letter: string) => ({
    index,
    seed: 42 + index,
    newIds: [index],
    text: `<think>x</think><answer>${letter}</answer>`,
    thinking: 'x',
    answer: letter,
    finishReason: 'stop' as const,
    optionProbabilities: [],
    decodeMs: 10,
  });
  return {
    kind: 'rollouts',
    uid: '33333333-3333-4333-8333-333333333333',
    parent: null,
    askedAt: '2026-11-01T11:00:00.000Z',
    asked,
    status: 'done',
    error: null,
    elapsedMs: 5000,
    model: TEST_MODEL,
    count: 2,
    temperature: 1,
    rollouts: [rollout(0, 'A'), rollout(1, 'B')],
    result: { promptTokens: 100, cachedTokens: 0, contextAvailable: 4096, timing: TIMING },
    ...change,
  };
}

export function testCase(change: Partial<CaseRecord> = {}): CaseRecord {
  const first = testAnswer();
  const followUp = testAnswer({
    uid: '44444444-4444-4444-8444-444444444444',
    parent: first.uid,
    askedAt: '2026-11-01T10:05:00.000Z',
    asked: { ...first.asked, question: 'And why?', options: [], key: null, images: [] },
    answer: 'Because of the gyri.',
    result: first.result && { ...first.result, text: 'Because of the gyri.', answer: 'Because of the gyri.' },
    verdict: null,
  });
  return {
    version: 1,
    id: CASE_ID,
    title: '',
    notes: '',
    createdAt: '2026-11-01T10:00:00.000Z',
    changedAt: '2026-11-01T11:00:10.000Z',
    images: [TEST_IMAGE],
    entries: [first, followUp, testRollouts()],
    ...change,
  };
}
