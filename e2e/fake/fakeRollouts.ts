/** Rollouts and probabilities of the scripted engine: complete in type, plausible in content. */
import type {
  GenerateResult,
  OptionProbabilities,
  Rollout,
  RolloutsResult,
  TokenProbabilities,
} from '../../src/shared/generation';
import { fakeMemory } from './fakeResults';

export function fakeRollout(result: GenerateResult, index: number, seed: number): Rollout {
  const { newIds, text, thinking, answer, finishReason, timing } = result;
  const optionProbabilities = result.optionProbabilities ?? [];
  return {
    index,
    seed,
    newIds,
    text,
    thinking,
    answer,
    finishReason,
    optionProbabilities,
    decodeMs: timing.decodeMs,
  };
}

export function fakeRollouts(rollouts: Rollout[]): RolloutsResult {
  return {
    rollouts,
    promptTokens: 414,
    cachedTokens: 0,
    encodedImages: 1,
    timing: { imageMs: 20, visionMs: 240, prefillMs: 310, decodeMs: 2000, decodeTokensPerSecond: 46.2 },
    contextAvailable: 2048,
    memory: fakeMemory(512),
  };
}

export function fakeProbabilities({ word }: { word: string }, index: number): TokenProbabilities {
  const probability = word.length === 1 ? 0.62 : 0.9;
  const chosen = { id: index, text: word, probability };
  return { index, chosen, top: [chosen, { id: 9000 + index, text: ' perhaps', probability: 0.06 }] };
}

/** The letter that was written has 0.62 of everything. */
export function fakeOptions(
  letters: readonly string[],
  answer: string,
  index: number,
): OptionProbabilities[] {
  if (!letters.includes(answer)) return [];
  const rest = 0.3 / Math.max(letters.length - 1, 1);
  const options = letters.map((letter) => {
    const probability = letter === answer ? 0.62 : rest;
    return { letter, probability, share: probability / 0.92 };
  });
  return [{ index, letter: answer, options }];
}
