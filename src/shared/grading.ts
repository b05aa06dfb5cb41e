/**
 * Grades answers as each published system's own code does. `letter` and `correct` follow the system's evaluation;
 * `format`, `accuracy` and `reward` follow its training reward. Both are ported line by line, including oddities: for
 * MedVLThinker "B)" is wrong, for MedVLM-R1's reward it is half right.
 */
import { RoundsError } from './errors';
import type { Options, PresetId } from './presets';
import {
  enclosed,
  firstContent,
  lastContent,
  pythonPattern,
  removeSpace,
  search,
  searchLast,
  strip,
} from './pythonText';

export interface Grade {
  /** The option that the evaluation reads from the text; null if none. */
  letter: string | null;
  correct: boolean;
  /** Format reward, 0 or 1. */
  format: number;
  /** Accuracy reward, 0 to 1. */
  accuracy: number;
  /** Total reward in training. The systems combine format and accuracy in different ways. */
  reward: number;
}

interface Row {
  text: string;
  options: Options;
  key: string;
  /** Text of the right option. */
  answer: string;
}

type Evaluation = Pick<Grade, 'letter' | 'correct'>;
type Reward = Pick<Grade, 'format' | 'accuracy' | 'reward'>;

/**
 * Grades one answer.
 * @param text the model's whole output, tags included
 * @param key letter of the right option
 * @throws RoundsError request_invalid when the key is not among the options
 */
export function grade(preset: PresetId, text: string, options: Options, key: string): Grade {
  const answer = Object.hasOwn(options, key) ? options[key] : undefined;
  if (answer === undefined) {
    throw new RoundsError('request_invalid', `The key ${key} is not one of the options.`);
  }
  const row = { text, options, key, answer };
  const [evaluate, reward] = RULES[preset];
  return { ...evaluate(row), ...reward(row) };
}

const RULES: Record<PresetId, [(row: Row) => Evaluation, (row: Row) => Reward]> = {
  medvlthinker: [regrade, medvlthinkerReward],
  'medvlthinker-demo': [regrade, medvlthinkerReward],
  'medvlm-r1': [evaluateMedvlm, medvlmReward],
  'medvlm-r1-simple': [evaluateWhole, medvlmReward],
  'med-r1': [evaluateMedR1, r1vReward],
  'med-r1-readme': [evaluateMedR1, r1vReward],
  // Nothing is published, so this is the reward of the code that it builds on, which also reads the letter.
  'gmai-vl-r1': [evaluateR1v, r1vReward],
  // Not a published system. MedVLThinker's evaluation can handle text without tags.
  chat: [regrade, chatReward],
};

const ANSWER = enclosed('<answer>', '</answer>');
const ANSWER_S = enclosed('<answer>', '</answer>', { S: true });
const ANSWER_SI = enclosed('<answer>', '</answer>', { S: true, I: true });
/** Between the two parts of the format that all of them are trained for. */
const BETWEEN = pythonPattern('</think>\\s*<answer>');
const MEDVLM_ANSWER = pythonPattern('<answer>\\s*([A-Z])\\s*</answer>');
const MED_R1_ANSWER = pythonPattern('<answer>\\s*(\\w+)\\s*</answer>');
const REGRADE_PHRASES = ['answer:', 'answer is:', 'answer is', 'is:'].map((phrase) =>
  pythonPattern(`${phrase}\\s*(.*)\\s*`, { I: true }),
);

/** Whether `<think>.*?</think>\s*<answer>.*?</answer>` with re.DOTALL matches the whole text. */
export function isWellFormed(text: string): boolean {
  if (!text.startsWith('<think>') || !text.endsWith('</answer>')) return false;
  const between = search(BETWEEN, text.slice('<think>'.length, -'</answer>'.length));
  return between !== null;
}

const formatOf = (text: string): number => (isWellFormed(text) ? 1 : 0);

/** MedVLThinker, analysis/regrade_eval_results.py: the rules behind the published tables. */
function regrade({ text, options, key, answer }: Row): Evaluation {
  const prediction = extractAnswer(text);
  const found = Object.entries(options).find(([label, option]) => isSameAnswer(prediction, option, label));
  return { letter: found?.[0] ?? null, correct: isSameAnswer(prediction, answer, key) };
}

function extractAnswer(text: string): string {
  const bare = findAnswer(text).replace(/<\/?(?:think|answer)>/g, '');
  return strip(bare);
}

function findAnswer(text: string): string {
  const tagged = lastContent(ANSWER_S, text);
  if (tagged !== undefined) {
    const [firstLine] = /[^\n\r]+/.exec(strip(tagged)) ?? [''];
    return firstLine;
  }
  for (const phrase of REGRADE_PHRASES) {
    const match = searchLast(phrase, text);
    if (match) return match[1] ?? '';
  }
  return text;
}

/** grade_answer: accepts "B. text", "B" or "text" in any case, and nothing else. */
function isSameAnswer(prediction: string, answer: string, label: string): boolean {
  const normal = (value: string) => strip(value).toLowerCase();
  return [`${label}. ${answer}`, label, answer].some((form) => normal(prediction) === normal(form));
}

/** MedVLThinker, train/my_reward.py: no reward without the format. Here `.` does not match line feeds in the answer. */
function medvlthinkerReward({ text, key, answer }: Row): Reward {
  const given = strip(firstContent(ANSWER, text) ?? text);
  const format = formatOf(text);
  const accuracy = isSameAnswer(given, answer, key) ? 1 : 0;
  return { format, accuracy, reward: format * accuracy };
}

/** MedVLM-R1, src/eval/test_qwen2vl_med.py, complex prompt. */
function evaluateMedvlm({ text, key }: Row): Evaluation {
  const letter = search(MEDVLM_ANSWER, text)?.[1] ?? null;
  return { letter, correct: letter === key };
}

/** The same, simple prompt: the whole output is the answer. */
function evaluateWhole({ text, options, key }: Row): Evaluation {
  return { letter: Object.hasOwn(options, text) ? text : null, correct: text === key };
}

/** MedVLM-R1, grpo.py: 1 for the right letter alone, 0.5 with other text without letters A–J; plus the format. */
function medvlmReward({ text, key }: Row): Reward {
  const given = strip(firstContent(ANSWER_SI, text) ?? '');
  const format = formatOf(text);
  const accuracy = medvlmAccuracy(given, removeSpace(strip(key).toUpperCase()));
  return { format, accuracy, reward: format + accuracy };
}

function medvlmAccuracy(given: string, key: string): number {
  const [letter, ...more] = given.toUpperCase().match(/[A-J]/g) ?? [];
  if (letter === undefined || more.length > 0 || letter !== key) return 0;
  const letterAnyCase = new RegExp(pythonPattern(letter, { I: true }).source, 'u');
  return strip(given.replace(letterAnyCase, '')) === '' ? 1 : 0.5;
}

/** Med-R1's evaluation: a text without the word "answer" is used as a whole. */
function evaluateMedR1({ text, options, key }: Row): Evaluation {
  const given = text.includes('answer') ? (search(MED_R1_ANSWER, text)?.[1] ?? null) : text;
  const letter = given !== null && Object.hasOwn(options, given) ? given : null;
  return { letter, correct: given === key };
}

const r1vAnswer = (text: string): string => strip(firstContent(ANSWER, text) ?? text);

function evaluateR1v({ text, options, key }: Row): Evaluation {
  const given = r1vAnswer(text);
  return { letter: Object.hasOwn(options, given) ? given : null, correct: given === strip(key) };
}

/** R1-V, grpo.py, without its symbolic comparison of formulas, which never accepts letters. */
function r1vReward({ text, key }: Row): Reward {
  const format = formatOf(text);
  const accuracy = r1vAnswer(text) === strip(key) ? 1 : 0;
  return { format, accuracy, reward: format + accuracy };
}

function chatReward(row: Row): Reward {
  const accuracy = regrade(row).correct ? 1 : 0;
  return { format: formatOf(row.text), accuracy, reward: accuracy };
}
