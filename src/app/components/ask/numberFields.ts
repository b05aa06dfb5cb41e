/** The numbers that a question can be asked with: their labels and bounds, for NumberField. */
import { MAX_ROLLOUTS, MIN_ROLLOUTS } from '../../../shared/rolloutGroup';
import type { MessageKey } from '../../i18n/messages';
import type { SamplingChoice } from '../../question/prompting';

export interface NumberSpec {
  label: MessageKey;
  min: number;
  max: number;
  step: number;
}

type SamplingKey = Exclude<keyof SamplingChoice, 'seed'>;

/** Sampling parameters that may be left empty: then the prompt's own value applies. */
export const SAMPLING_FIELDS: Readonly<Record<SamplingKey, NumberSpec>> = {
  temperature: { label: 'ask.temperature', min: 0, max: 2, step: 0.1 },
  topP: { label: 'ask.topP', min: 0.01, max: 1, step: 0.01 },
  topK: { label: 'ask.topK', min: 0, max: 1000, step: 1 },
  repetitionPenalty: { label: 'ask.repetitionPenalty', min: 0.5, max: 2, step: 0.01 },
  maxNewTokens: { label: 'ask.maximumTokens', min: 1, max: 4096, step: 1 },
};

export const SAMPLING_KEYS = Object.keys(SAMPLING_FIELDS) as SamplingKey[];

export const SEED: NumberSpec = { label: 'ask.seed', min: 0, max: 2 ** 32 - 1, step: 1 };

export const ROLLOUT_COUNT: NumberSpec = {
  label: 'ask.rollouts',
  min: MIN_ROLLOUTS,
  max: MAX_ROLLOUTS,
  step: 1,
};
/** Not 0: greedy rollouts would all be the same. */
export const ROLLOUT_TEMPERATURE: NumberSpec = { label: 'ask.temperature', min: 0.1, max: 2, step: 0.1 };
export const FIRST_SEED: NumberSpec = { ...SEED, label: 'ask.firstSeed' };
