/**
 * What a model's chat template and tokenizer are tried with before the model is taken in. Both are programs of a
 * stranger: a template has loops, and a tokenizer has patterns that may take longer than the world is old. Runs in a
 * thread that can be ended.
 */
import type { TemplateMessage } from '../../engine/ports';
import { makeTokenizer } from '../tokenizer';

export interface TrialFiles {
  tokenizer: Uint8Array;
  tokenizerConfig: Uint8Array;
  template: Uint8Array;
}

/** `read`: parsing and setting up, which takes as long as the files are large. */
export type TrialStep = 'read' | 'template' | 'tokenizer';

export type TrialMessage = 'ready' | TrialStep | 'done';

const QUESTION = 'What kind of image is this?\nA. Head CT\nB. Chest X-ray';
const CONVERSATIONS: TemplateMessage[][] = [
  [{ role: 'user', content: QUESTION }],
  [{ role: 'user', content: [{ type: 'image' }, { type: 'text', text: QUESTION }] }],
  [
    { role: 'system', content: 'You are a helpful assistant.' },
    { role: 'user', content: QUESTION },
    { role: 'assistant', content: '<think>It shows a head.</think> <answer>A</answer>' },
    { role: 'user', content: 'Why?' },
  ],
];
/** Long runs, and a character that does not fit at their end: what exploding patterns explode on. */
const RUNS = ['a', 'A', ' ', '\n', '0', '!', '_', 'é', '图', 'aA', 'a ', ' \n', 'a1', '"'];
const RUN_LENGTH = 2_000;
const ENDS = ['', '!', '\u0001'];

/**
 * Says what it is about to try, and tries it.
 * @throws what the template or the tokenizer throws
 */
export function runTrial(files: TrialFiles, onStep: (step: TrialStep) => void): void {
  onStep('read');
  const tokenizer = makeTokenizer(files);
  onStep('template');
  const prompts = CONVERSATIONS.flatMap((messages) => {
    try {
      return tokenizer.render(messages);
    } catch {
      // A template may refuse a conversation; it is refused to the visitor who has it.
      return [];
    }
  });
  onStep('tokenizer');
  const texts = [...prompts, ...RUNS.flatMap((run) => ENDS.map((end) => run.repeat(RUN_LENGTH) + end))];
  for (const text of texts) tokenizer.decode(tokenizer.encode(text));
}
