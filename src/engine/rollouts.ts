/**
 * Generates several rollouts of one question, one after another. Images and prompt are processed once; every rollout
 * starts from the same logits with its own seed.
 */
import { RoundsError } from '../shared/errors';
import type { Rollout, RolloutsParams, RolloutsResult } from '../shared/generation';
import type { Phase } from '../shared/protocol';
import { MAX_ROLLOUTS, MIN_ROLLOUTS } from '../shared/rolloutGroup';
import { decodeAnswer, type GenerateHooks } from './decode';
import { prefillPrompt, runSize, tokensPerSecond, type DecodedImages, type Prefilled } from './generate';
import { memoryUse } from './memory';
import type { EngineModel } from './model';
import { TokenObserver } from './tokenObserver';

export interface RolloutHooks extends Pick<GenerateHooks, 'signal' | 'clock' | 'onProgress'> {
  onText?: (text: string, phase: Phase, index: number, ids: number[], rollout: number) => void;
  onRollout?: (rollout: Rollout) => void;
}

/**
 * Rollout i equals the result of `generate` with the seed `settings.seed + i`. Aborting ends the current rollout and
 * returns all rollouts so far.
 * @throws RoundsError as generate does; setting_invalid for an invalid number of rollouts
 */
export async function rollOut(
  model: EngineModel,
  { request, count }: RolloutsParams,
  decoded: DecodedImages,
  hooks: RolloutHooks,
): Promise<RolloutsResult> {
  if (!(Number.isInteger(count) && count >= MIN_ROLLOUTS && count <= MAX_ROLLOUTS)) {
    const rule = `it must be a whole number from ${MIN_ROLLOUTS} to ${MAX_ROLLOUTS}`;
    throw new RoundsError('setting_invalid', `The number of rollouts is ${count}; ${rule}.`);
  }
  const { signal, clock, onProgress } = hooks;
  const prefilled = await prefillPrompt(model, request, decoded, {
    signal,
    clock,
    ...(onProgress ? { onProgress } : {}),
  });
  const rollouts: Rollout[] = [];
  for (let index = 0; index < count && !(signal.aborted && index > 0); index++) {
    model.timeline.rewind(prefilled.prompt.ids.length);
    const rollout = await runOne(model, request, prefilled, index, hooks);
    rollouts.push(rollout);
    hooks.onRollout?.(rollout);
  }
  return assemble(model, prefilled, rollouts);
}

async function runOne(
  model: EngineModel,
  request: RolloutsParams['request'],
  { prompt, logits }: Prefilled,
  index: number,
  { signal, clock, onText }: RolloutHooks,
): Promise<Rollout> {
  const settings = { ...request.settings, seed: request.settings.seed + index };
  const observer = new TokenObserver(model.tokenizer, model.config.text.vocabSize, request);
  const outcome = await decodeAnswer(
    model,
    { ...request, settings },
    { promptIds: prompt.ids, continued: [], logits, observer },
    { signal, clock, onText: (text, phase, at, ids) => onText?.(text, phase, at, ids, index) },
  );
  const { ids: newIds, text, thinking, answer, finishReason, decodeMs } = outcome;
  const { seed } = settings;
  const optionProbabilities = observer.letters;
  return { index, seed, newIds, text, thinking, answer, finishReason, optionProbabilities, decodeMs };
}

function assemble(model: EngineModel, prefilled: Prefilled, rollouts: Rollout[]): RolloutsResult {
  const { prompt, cachedTokens, timing } = prefilled;
  const decodeMs = rollouts.reduce((sum, rollout) => sum + rollout.decodeMs, 0);
  // The first token of each rollout comes from the prompt's logits, without a decode step.
  const steps = rollouts.reduce((sum, { newIds }) => sum + newIds.length - 1, 0);
  return {
    rollouts,
    promptTokens: prompt.ids.length,
    cachedTokens,
    timing: { ...timing, decodeMs, decodeTokensPerSecond: tokensPerSecond(steps, decodeMs) },
    contextAvailable: model.timeline.capacity,
    memory: memoryUse(model, runSize(model, prefilled)),
  };
}
