/** Builds the engine's request from a question, and grades the answer. The rules of the systems are in shared/. */
import { optionLetter } from '../../shared/options';
import { grade, type Grade } from '../../shared/grading';
import { buildMessages, findPreset, type Options, type PresetId } from '../../shared/presets';
import type { ChatMessage, GenerateParams, ImageInput, PixelLimits } from '../../shared/generation';

/** The visitor's settings; null means the preset's value. */
export interface SamplingChoice {
  maxNewTokens: number | null;
  /** 0 is greedy decoding. */
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
  /** Index of the right option. The model never gets it. */
  key: number | null;
  presetId: PresetId;
  sampling: SamplingChoice;
  images: ImageInput[];
  /** Images are first shrunk to this many pixels; if absent, only the model's own limits apply. */
  maxPixels?: number;
}

/** An earlier question of the conversation, and the model's text, tags included. */
export interface Exchange {
  asked: Asked;
  text: string;
}

export interface Verdict extends Pick<Grade, 'format' | 'accuracy' | 'reward'> {
  /** Index of the option that the preset's rules extract from the text. */
  chosen: number | null;
  /** Null without a key. */
  correct: boolean | null;
}

/**
 * @param contextTokens context length of the model; an answer gets at most half of it by default
 * @param earlier the conversation so far, oldest first
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

/** Stands for a question that isn't known yet. */
const QUESTION_MARKER = '\u{F0000}';

/**
 * The beginning of the request for a question that is still being written: all that stands before its text.
 * @param asked its question may be anything
 */
export function buildBeginning(
  asked: Asked,
  earlier: readonly Exchange[] = [],
): Pick<GenerateParams, 'messages' | 'imageLimits'> {
  const messages = conversation({ ...asked, question: QUESTION_MARKER }, earlier);
  const cut = (text: string): string => text.split(QUESTION_MARKER, 1)[0] ?? '';
  const last = messages.pop();
  if (last) {
    const { role, content } = last;
    messages.push({
      role,
      content:
        typeof content === 'string'
          ? cut(content)
          : content.map((part) => (part.type === 'text' ? { ...part, text: cut(part.text) } : part)),
    });
  }
  return { messages, imageLimits: limitsFor(asked) };
}

/** The preset's resizes, after one to the question's own limit if it has one. */
export function limitsFor({ presetId, maxPixels }: Pick<Asked, 'presetId' | 'maxPixels'>): PixelLimits[] {
  const limits = findPreset(presetId).imageLimits;
  if (maxPixels === undefined) return limits;
  return [{ minPixels: Math.min(MIN_PIXELS, maxPixels), maxPixels }, ...limits];
}

/** Four tokens of 28 × 28 pixels each. */
export const MIN_PIXELS = 4 * 28 * 28;

/** Request options for reporting probabilities; see GenerateParams. */
export function probabilityOptions(asked: Asked): Pick<GenerateParams, 'alternatives' | 'optionLetters'> {
  const letters = asked.options.map((_, index) => optionLetter(index));
  return { alternatives: ALTERNATIVES, ...(letters.length > 0 ? { optionLetters: letters } : {}) };
}

/** Number of alternatives reported for each token. */
const ALTERNATIVES = 5;

/** The only system message is the first, from the first question's preset. */
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

/** Grades an answer; null without options or text. */
export function judge(asked: Asked, text: string): Verdict | null {
  if (asked.options.length === 0 || text === '') return null;
  const { letter, correct, format, accuracy, reward } = grade(
    asked.presetId,
    text,
    lettered(asked.options),
    // Without a key only the extracted letter is used, which doesn't depend on the key.
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

/** Whether two inputs are the same picture: same file, frame, plane, volume and window. */
export function isSameImage(a: ImageInput, b: ImageInput): boolean {
  const places = ['blob', 'frame', 'plane', 'volume'] as const;
  return places.every((place) => a[place] === b[place]) && String(a.window) === String(b.window);
}

function lettered(options: readonly string[]): Options {
  return Object.fromEntries(options.map((text, index) => [optionLetter(index), text]));
}
