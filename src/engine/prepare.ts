/**
 * Work ahead of a question: its images are encoded, and what stands before its text is put into the KV cache. `generate` and
 * `rollOut` compare contents, so they continue from whatever is finished and compute the rest; a preparation that was of no
 * use costs them nothing.
 */
import type { ChatMessage } from '../shared/generation';
import type { PrepareParams, PrepareResult } from '../shared/protocol';
import type { GenerateHooks } from './decode';
import { encodeImages, prepareImages, type SourceImage } from './images';
import type { EngineModel } from './model';
import { preparePrompt, type PreparedPrompt } from './text/prompt';

/**
 * Two beginnings of a question that no tokenizer joins with the text before them in the same way: what their prompts have in
 * common does not depend on the question.
 */
const BEGINNINGS = ['A', '7'] as const;

/**
 * @param params a request whose last message ends where the question begins
 * @throws RoundsError request_invalid, image_invalid, context_overflow, aborted (what is finished stays), and errors of the
 *   backend
 */
export async function prepareAhead(
  model: EngineModel,
  { messages, imageLimits = [] }: PrepareParams,
  sources: readonly SourceImage[],
  { signal }: Pick<GenerateHooks, 'signal'>,
): Promise<PrepareResult> {
  signal.throwIfAborted();
  const before = model.vision.runs;
  const images = await prepareImages(model, sources, { earlierLimits: imageLimits });
  const features = await encodeImages(model, images, undefined, signal);
  const prompts = BEGINNINGS.map((beginning) =>
    preparePrompt(continued(messages, beginning), images.grids, images.keys, model.tokenizer, model.config),
  );
  const prompt = commonBeginning(prompts);
  const cachedTokens = await model.timeline.prepare({ ...prompt, features }, { signal });
  return { tokens: prompt.ids.length, cachedTokens, encodedImages: model.vision.runs - before };
}

/** The messages, with more text at the end of the last one. */
function continued(messages: readonly ChatMessage[], text: string): ChatMessage[] {
  return messages.map((message, i): ChatMessage => {
    if (i < messages.length - 1) return message;
    const { role, content } = message;
    if (typeof content === 'string') return { role, content: content + text };
    const last = content.at(-1);
    if (last?.type !== 'text') return { role, content: [...content, { type: 'text', text }] };
    return { role, content: [...content.slice(0, -1), { type: 'text', text: last.text + text }] };
  });
}

/** The rows that all prompts begin with. */
function commonBeginning([first, ...others]: readonly PreparedPrompt[]): Omit<PreparedPrompt, 'text'> {
  if (!first) throw new RangeError('no prompt');
  let length = 0;
  while (length < first.keys.length && others.every(({ keys }) => keys[length] === first.keys[length]))
    length++;
  const [t, h, w] = first.positionIds;
  return {
    ids: first.ids.slice(0, length),
    keys: first.keys.slice(0, length),
    positionIds: [t.slice(0, length), h.slice(0, length), w.slice(0, length)],
    ropeDelta: first.ropeDelta,
    featureRows: first.featureRows.slice(0, length),
  };
}
