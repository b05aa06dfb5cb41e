/**
 * The prompts, generation settings and image limits of the published systems. Each text is exactly that of the
 * system's own evaluation code, including whitespace and odd escapes: changing a single character changes answers.
 */
import { RoundsError } from './errors';
import type { GenerateParams, GenerationSettings, PixelLimits } from './generation';

export const PRESET_IDS = [
  'medvlthinker',
  'medvlthinker-demo',
  'medvlm-r1',
  'medvlm-r1-simple',
  'med-r1',
  'med-r1-readme',
  'gmai-vl-r1',
  'chat',
] as const;

export type PresetId = (typeof PRESET_IDS)[number];

/** Option texts by letter, in order: { A: 'Chest', B: 'Head' }. */
export type Options = Record<string, string>;

export interface Preset {
  id: PresetId;
  label: string;
  /** Description in whole sentences. */
  note: string;
  /** Source of the texts: repository and file. */
  source: string;
  /** Whether the system asks for a letter among options. */
  options: 'expected' | 'possible';
  system?: string;
  /** Text after the images in the user's turn. */
  text: (question: string, options: Options) => string;
  settings: Omit<GenerationSettings, 'seed' | 'ignoreEos'>;
  /** Resize steps before the image processor's own, in order. */
  imageLimits: PixelLimits[];
  tags: NonNullable<GenerateParams['tags']>;
}

const TAGS: Preset['tags'] = { think: ['<think>', '</think>'], answer: ['<answer>', '</answer>'] };

/** process_vision_info of qwen_vl_utils: 4 to 16,384 tokens of 28 × 28 pixels. */
const VISION_UTILS: PixelLimits[] = [{ minPixels: 3136, maxPixels: 12_845_056, rule: 'vision_utils' }];

const GREEDY = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1 };

const lettered = (options: Options, write: (letter: string, text: string) => string): string[] =>
  Object.entries(options).map(([letter, text]) => write(letter, text));

/** A raw string in the authors' code: a backslash and an n separate its sentences, in training as well. */
const MEDVLTHINKER_INSTRUCTION = String.raw`You will solve a problem/request. You should provide your thoughts within <think> </think> tags before providing the answer.\nWrite your final answer within <answer> </answer> tags.`;

function medvlthinkerQuestion(question: string, options: Options): string {
  const list = lettered(options, (letter, text) => `\n\n${letter}. ${text}`);
  return list.length === 0 ? question : `${question}\n\nOptions:${list.join('')}`;
}

function medvlmQuestion(question: string, options: Options): string {
  return [question, ...lettered(options, (letter, text) => `${letter}) ${text}`)].join('\n');
}

function medR1Question(question: string, options: Options): string {
  const list = lettered(options, (letter, text) => `${letter})${text}`).join(', ');
  return list === '' ? question : `${question} ${list}`;
}

export const PRESETS: readonly Preset[] = [
  {
    id: 'medvlthinker',
    label: 'MedVLThinker',
    note: 'The prompt used in its training and evaluation. The model reasons first, then answers with a choice.',
    source: 'UCSC-VLAA/MedVLThinker, eval/run_offline_inference.py',
    options: 'expected',
    text: (question, options) =>
      `${MEDVLTHINKER_INSTRUCTION}\n\nQuestion: ${medvlthinkerQuestion(question, options)}`,
    settings: { ...GREEDY, maxNewTokens: 4096 },
    imageLimits: VISION_UTILS,
    tags: TAGS,
  },
  {
    id: 'medvlthinker-demo',
    label: 'MedVLThinker, free question',
    note: 'The demo from its README: the instruction is a system message, the question is free-form, and answers are sampled.',
    source: 'UCSC-VLAA/MedVLThinker, README.md',
    options: 'possible',
    system: MEDVLTHINKER_INSTRUCTION.replace(String.raw`\n`, '\n'),
    text: medvlthinkerQuestion,
    settings: { temperature: 0.6, topP: 0.95, topK: 0, repetitionPenalty: 1, maxNewTokens: 2048 },
    imageLimits: VISION_UTILS,
    tags: TAGS,
  },
  {
    id: 'medvlm-r1',
    label: 'MedVLM-R1',
    note: 'The model reasons first, then gives one letter. Large images are resized twice, as in its code.',
    source: 'JZPeterPan/MedVLM-R1, src/eval/test_qwen2vl_med.py (complex)',
    options: 'expected',
    text: (question, options) =>
      `\n    ${medvlmQuestion(question, options)} \n    Your task: \n` +
      '    1. Think through the question step by step, enclose your reasoning process in <think>...</think> tags. \n' +
      '    2. Then provide the correct single-letter choice (A, B, C, D,...) inside <answer>...</answer> tags.\n' +
      '    3. No extra information or text outside of these tags.\n    ',
    settings: { ...GREEDY, maxNewTokens: 512 },
    imageLimits: VISION_UTILS,
    tags: TAGS,
  },
  {
    id: 'medvlm-r1-simple',
    label: 'MedVLM-R1, letter only',
    note: 'Asks for the letter without reasoning.',
    source: 'JZPeterPan/MedVLM-R1, src/eval/test_qwen2vl_med.py (simple)',
    options: 'expected',
    text: (question, options) =>
      `\n    ${medvlmQuestion(question, options)} \n    Your task: provide the correct single-letter choice (A, B, C, D,...).\n    `,
    settings: { ...GREEDY, maxNewTokens: 512 },
    imageLimits: VISION_UTILS,
    tags: TAGS,
  },
  {
    id: 'med-r1',
    label: 'Med-R1',
    note: 'The prompt used in its evaluation. Its authors scale every image to 384×384 first.',
    source: 'Yuxiang-Lai117/Med-R1, evaluation script',
    options: 'expected',
    text: (question, options) =>
      `${medR1Question(question, options)} Think through the question step by step in <think>...</think> tags. ` +
      'Then provide the correct single-letter choice (A, B, C, D,...) inside <answer>...</answer> tags.',
    settings: { ...GREEDY, maxNewTokens: 256 },
    imageLimits: VISION_UTILS,
    tags: TAGS,
  },
  {
    id: 'med-r1-readme',
    label: 'Med-R1, README',
    note: 'The prompt recommended in its README. Its authors scale every image to 384×384 first.',
    source: 'Yuxiang-Lai117/Med-R1, README.md',
    options: 'expected',
    text: (question, options) =>
      `${medR1Question(question, options)} First output the thinking process in <think> </think> ` +
      'and final choice (A, B, C, D ...) in <answer> </answer> tags.',
    settings: { ...GREEDY, maxNewTokens: 256 },
    imageLimits: VISION_UTILS,
    tags: TAGS,
  },
  {
    id: 'gmai-vl-r1',
    label: 'GMAI-VL-R1 style',
    note: 'The weights and prompt of GMAI-VL-R1 haven’t been published. This is the prompt of the code it builds on, used here with another model. The answers aren’t results of GMAI-VL-R1.',
    source: 'EvolvingLMMs-Lab/open-r1-multimodal (system message), VLMEvalKit (multiple-choice question)',
    options: 'possible',
    system:
      'A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The assistant ' +
      'first thinks about the reasoning process in the mind and then provides the user with the answer. The reasoning ' +
      'process and answer are enclosed within <think> </think> and <answer> </answer> tags, respectively, i.e., ' +
      '<think> reasoning process here </think><answer> answer here </answer>',
    text: (question, options) => {
      const list = lettered(options, (letter, text) => `${letter}. ${text}\n`).join('');
      if (list === '') return question;
      return `Question: ${question}\nOptions:\n${list}Please select the correct answer from the options above. \n`;
    },
    settings: { ...GREEDY, maxNewTokens: 2048 },
    imageLimits: VISION_UTILS,
    tags: TAGS,
  },
  {
    id: 'chat',
    label: 'Plain',
    note: 'The question as written, without added instructions.',
    source: 'Rounds',
    options: 'possible',
    text: (question, options) =>
      [question, ...lettered(options, (letter, text) => `${letter}. ${text}`)].join('\n'),
    settings: { ...GREEDY, maxNewTokens: 1024 },
    imageLimits: [],
    tags: TAGS,
  },
];

/** @throws RoundsError request_invalid, listing the available presets */
export function findPreset(id: string): Preset {
  const preset = PRESETS.find((known) => known.id === id);
  if (preset) return preset;
  throw new RoundsError(
    'request_invalid',
    `There is no preset ${id}. Choose one of ${PRESET_IDS.join(', ')}.`,
  );
}

export interface PresetQuestion<Image> {
  question: string;
  options?: Options;
  /** In the order in which the model sees them, before the text. */
  images: readonly Image[];
}

export interface PresetMessage<Image> {
  role: 'system' | 'user';
  content: string | ({ type: 'text'; text: string } | { type: 'image'; image: Image })[];
}

/** The messages of a preset for a first question. `Image` is the caller's own image type. */
export function buildMessages<Image>(preset: Preset, asked: PresetQuestion<Image>): PresetMessage<Image>[] {
  const text = preset.text(asked.question, asked.options ?? {});
  const images = asked.images.map((image) => ({ type: 'image' as const, image }));
  const user: PresetMessage<Image> = { role: 'user', content: [...images, { type: 'text', text }] };
  return preset.system === undefined ? [user] : [{ role: 'system', content: preset.system }, user];
}
