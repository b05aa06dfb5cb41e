/** From what the visitor asked to what the engine is given, and from its text to a verdict. Rules: shared/. */
import { grade, type Grade } from '../../shared/grading';
import { buildMessages, findPreset, type Options, type PresetId } from '../../shared/presets';
import type { ChatMessage, GenerateParams, ImageInput, PixelLimits } from '../../shared/generation';
import { optionLetter } from '../text/format';

/** The visitor's own settings; null leaves a value to the preset. */
export interface SamplingChoice {
  maxNewTokens: number | null;
  /** 0 is greedy: the same question gives the same answer. */
  temperature: number | null;
  topP: number | null;
  /** 0: off. */
  topK: number | null;
  /** 1: off. */
  repetitionPenalty: number | null;
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
  /** Images are shrunk to at most so many pixels first; what the model itself does where it is missing. */
  maxPixels?: number;
}

/** A question asked before in the same conversation, and what the model wrote then, tags included. */
export interface Exchange {
  asked: Asked;
  text: string;
}

export interface Verdict extends Pick<Grade, 'format' | 'accuracy' | 'reward'> {
  /** Index of the option that the preset's own rules read out of the text. */
  chosen: number | null;
  /** Null without a key. */
  correct: boolean | null;
}

/**
 * @param contextTokens what the model can hold; no answer may want more than half of it
 * @param earlier what the conversation holds already, oldest first
 */
export function buildRequest(
  asked: Asked,
  contextTokens: number,
  earlier: readonly Exchange[] = [],
): GenerateParams {
  const preset = findPreset(asked.presetId);
  const { sampling } = asked;
  const limit = Math.min(preset.settings.maxNewTokens, Math.floor(contextTokens / 2));
  return {
    messages: conversation(asked, earlier),
    settings: {
      maxNewTokens: sampling.maxNewTokens ?? limit,
      temperature: sampling.temperature ?? preset.settings.temperature,
      topP: sampling.topP ?? preset.settings.topP,
      topK: sampling.topK ?? preset.settings.topK,
      repetitionPenalty: sampling.repetitionPenalty ?? preset.settings.repetitionPenalty,
      seed: sampling.seed,
      ignoreEos: false,
    },
    tags: preset.tags,
    imageLimits: limitsFor(asked),
  };
}

/** The preset's resizes, after one to the question's own limit where it has one. */
export function limitsFor({ presetId, maxPixels }: Pick<Asked, 'presetId' | 'maxPixels'>): PixelLimits[] {
  const limits = findPreset(presetId).imageLimits;
  if (maxPixels === undefined) return limits;
  return [{ minPixels: Math.min(MIN_PIXELS, maxPixels), maxPixels }, ...limits];
}

/** Four tokens of 28 × 28 pixels: less shows nothing. */
export const MIN_PIXELS = 4 * 28 * 28;

/** What is told about the model's certainty; see GenerateParams. */
export function probabilityWish(asked: Asked): Pick<GenerateParams, 'alternatives' | 'optionLetters'> {
  const letters = asked.options.map((_, index) => optionLetter(index));
  return { alternatives: ALTERNATIVES, ...(letters.length > 0 ? { optionLetters: letters } : {}) };
}

/** Enough to see what else the model thought of; more would be noise. */
const ALTERNATIVES = 5;

/** A system message stands at the beginning only: that of the first question's preset. */
function conversation(asked: Asked, earlier: readonly Exchange[]): ChatMessage[] {
  const turns = [...earlier, { asked, text: null }];
  return turns.flatMap(({ asked: turn, text }, index): ChatMessage[] => {
    const messages: ChatMessage[] = buildMessages(findPreset(turn.presetId), {
      question: turn.question,
      options: lettered(turn.options),
      images: turn.images,
    }).filter(({ role }) => index === 0 || role !== 'system');
    return text === null ? messages : [...messages, { role: 'assistant', content: text }];
  });
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

/** Whether two inputs are the same picture: the same file, the same place in it, the same window. */
export function isSameImage(a: ImageInput, b: ImageInput): boolean {
  const places = ['blob', 'frame', 'plane', 'volume'] as const;
  return places.every((place) => a[place] === b[place]) && String(a.window) === String(b.window);
}

function lettered(options: readonly string[]): Options {
  return Object.fromEntries(options.map((text, index) => [optionLetter(index), text]));
}
