/**
 * The decode loop: sample a token, check for the end, emit text, run the decoder. Starts from the logits after a
 * prompt that is in the KV cache.
 */
import { RoundsError } from '../shared/errors';
import type { FinishReason, GenerateParams, TokenProbabilities } from '../shared/generation';
import type { Phase, Stage } from '../shared/protocol';
import type { EngineModel } from './model';
import type { Clock } from './ports';
import { Sampler } from './sampling';
import { ThinkingSplitter, type SplitText } from './text/thinkingSplitter';
import { Utf8Stream } from './text/utf8Stream';
import type { TokenObserver } from './tokenObserver';

export interface GenerateHooks {
  signal: AbortSignal;
  clock: Clock;
  onProgress?: (stage: Stage, done: number, total: number) => void;
  /**
   * Called with each new piece of text.
   * @param index number of the answer's tokens so far
   * @param ids tokens since the last call
   */
  onText?: (text: string, phase: Phase, index: number, ids: number[]) => void;
  onProbabilities?: (token: TokenProbabilities) => void;
}

export interface DecodeStart {
  /** Ids in the cache, including `continued`. */
  promptIds: readonly number[];
  /** The last of these ids, which already belong to the answer. */
  continued: readonly number[];
  /** [vocab], after the last id. */
  logits: Float32Array;
  observer: TokenObserver | null;
}

export interface DecodeOutcome extends SplitText {
  /** The whole answer, including continued ids, as in text, thinking and answer. */
  ids: number[];
  /** Number of new ids. */
  added: number;
  text: string;
  finishReason: FinishReason;
  /** [vocab] each, as requested by `logits`. */
  logits: Float32Array[];
  decodeMs: number;
  firstTokenMs: number;
}

type DecodeParams = Pick<GenerateParams, 'settings' | 'tags' | 'forceIds' | 'logits'>;

/**
 * Generates one answer.
 * @throws RoundsError setting_invalid, context_overflow (no room for a single token), and errors of the backend
 */
export async function decodeAnswer(
  model: EngineModel,
  params: DecodeParams,
  start: DecodeStart,
  hooks: GenerateHooks,
): Promise<DecodeOutcome> {
  const { settings, forceIds, logits: requestedLogits = 'none' } = params;
  const { continued, observer } = start;
  const sampler = new Sampler(settings, start.promptIds.slice(0, start.promptIds.length - continued.length));
  sampler.resume(continued);
  const text = new AnswerText(model, params, continued, hooks);
  observer?.skip(continued);
  const limit = Math.min(settings.maxNewTokens, forceIds?.length ?? Infinity, remainingContext(model, start));
  const startMs = hooks.clock();
  const savedLogits = requestedLogits === 'none' ? [] : [start.logits];
  let { logits } = start;
  let finishReason: FinishReason = 'length';
  let firstTokenMs = startMs;
  for (let step = 0; step < limit; step++) {
    const { id } = sampler.next(logits, forceIds === undefined);
    const fed = forceIds?.[step] ?? id;
    if (forceIds) sampler.accept(fed);
    const probabilities = observer?.observe(logits, fed);
    if (probabilities) hooks.onProbabilities?.(probabilities);
    if (step === 0) firstTokenMs = hooks.clock();
    if (!settings.ignoreEos && !forceIds && model.config.tokenIds.eos.includes(id)) {
      text.end(id);
      finishReason = 'stop';
      break;
    }
    text.push(id);
    hooks.onProgress?.('decode', step + 1, limit);
    if (step + 1 === limit) break;
    if (hooks.signal.aborted) {
      finishReason = 'abort';
      break;
    }
    logits = await model.timeline.decode(fed);
    if (requestedLogits === 'all') savedLogits.push(logits);
  }
  // Forced ids are a whole text, wherever they end.
  const whole = text.finish(finishReason !== 'stop' && !forceIds);
  const added = whole.ids.length - continued.length;
  const decodeMs = hooks.clock() - startMs;
  return { ...whole, added, finishReason, logits: savedLogits, decodeMs, firstTokenMs };
}

/** Number of tokens that still fit into the context. An answer that reaches it ends with the reason `length`. */
function remainingContext({ timeline }: EngineModel, { promptIds }: DecodeStart): number {
  const remaining = timeline.capacity - promptIds.length;
  if (remaining > 0) return remaining;
  throw new RoundsError(
    'context_overflow',
    `The conversation fills the model's context of ${timeline.capacity} tokens, so there is no room for an answer. Start a new question.`,
  );
}

/** Converts ids to text, splits it into thinking and answer, and emits each piece as soon as it is final. */
class AnswerText {
  readonly #ids: number[] = [];
  readonly #stream: Utf8Stream;
  readonly #splitter: ThinkingSplitter;
  readonly #onText: GenerateHooks['onText'];
  #text = '';
  /** Number of ids that have been passed to onText. */
  #emitted = 0;

  constructor(
    model: EngineModel,
    { tags }: Pick<GenerateParams, 'tags'>,
    continued: readonly number[],
    { onText }: GenerateHooks,
  ) {
    this.#stream = new Utf8Stream(model.tokenizer);
    this.#splitter = new ThinkingSplitter(tags);
    // Without calling onText: the page has shown these tokens already.
    for (const id of continued) this.push(id);
    this.#emitted = continued.length;
    this.#onText = onText;
  }

  push(id: number): void {
    this.#ids.push(id);
    this.#addText(this.#stream.push(id));
  }

  /** Adds the end-of-sequence token, which has no text. */
  end(id: number): void {
    this.#ids.push(id);
  }

  finish(isCut: boolean): SplitText & { ids: number[]; text: string } {
    this.#addText(this.#stream.finish());
    for (const piece of this.#splitter.finish(isCut)) this.#emit(piece);
    return { ids: this.#ids, text: this.#text, ...this.#splitter.result() };
  }

  #addText(text: string): void {
    this.#text += text;
    for (const piece of this.#splitter.push(text)) this.#emit(piece);
  }

  #emit({ text, phase }: { text: string; phase: Phase }): void {
    this.#onText?.(text, phase, this.#ids.length, this.#ids.slice(this.#emitted));
    this.#emitted = this.#ids.length;
  }
}
