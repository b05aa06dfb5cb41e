/** From what the visitor asked to what the engine is given, and from its text to a verdict. Rules: shared/. */
import { grade, type Grade } from '../shared/grading';
import { buildMessages, findPreset, type Options, type PresetId } from '../shared/presets';
import type { GenerateParams, ImageInput } from '../shared/protocol';
import { optionLetter } from './format';

/** The visitor's own settings; null leaves a value to the preset. */
export interface SamplingChoice {
  maxNewTokens: number | null;
  /** 0 is greedy: the same question gives the same answer. */
  temperature: number | null;
  seed: number;
}

export interface Asked {
  question: string;
  options: string[];
  /** Index of the right option; kept from the model. */
  key: number | null;
  presetId: PresetId;
  sampling: SamplingChoice;
  images: ImageInput[];
}

export interface Verdict extends Pick<Grade, 'format' | 'accuracy' | 'reward'> {
  /** Index of the option that the preset's own rules read out of the text. */
  chosen: number | null;
  /** Null without a key. */
  correct: boolean | null;
}

/** @param contextTokens what the model can hold; no answer may want more than half of it */
export function buildRequest(asked: Asked, contextTokens: number): GenerateParams {
  const preset = findPreset(asked.presetId);
  const { sampling } = asked;
  const limit = Math.min(preset.settings.maxNewTokens, Math.floor(contextTokens / 2));
  return {
    messages: buildMessages(preset, {
      question: asked.question,
      options: lettered(asked.options),
      images: asked.images,
    }),
    settings: {
      ...preset.settings,
      maxNewTokens: sampling.maxNewTokens ?? limit,
      temperature: sampling.temperature ?? preset.settings.temperature,
      seed: sampling.seed,
      ignoreEos: false,
    },
    tags: preset.tags,
    imageLimits: preset.imageLimits,
  };
}

/** Null where there is nothing to judge: no options, or no text. */
export function judge(asked: Asked, text: string): Verdict | null {
  if (asked.options.length === 0 || text === '') return null;
  const { letter, correct, format, accuracy, reward } = grade(
    asked.presetId,
    text,
    lettered(asked.options),
    // Which letter is read does not depend on the key; the rest is not used without one.
    optionLetter(asked.key ?? 0),
  );
  const index = asked.options.findIndex((_, i) => optionLetter(i) === letter);
  return {
    chosen: index === -1 ? null : index,
    correct: asked.key === null ? null : correct,
    format,
    accuracy,
    reward,
  };
}

function lettered(options: readonly string[]): Options {
  return Object.fromEntries(options.map((text, index) => [optionLetter(index), text]));
}
