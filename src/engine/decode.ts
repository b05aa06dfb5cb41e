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
  const answer = new AnswerDecoder(model, params, start, hooks);
  await decodeToEnd(model, answer, start.logits);
  return answer.finish();
}

/**
 * Most tokens that are submitted before the first of them is read. More would save little, and a stop or the end of
 * the answer waits for them.
 */
const MAX_AHEAD = 4;

/** Continues until the answer ends. @param logits [vocab], after the last token in the cache */
export async function decodeToEnd(
  { timeline }: EngineModel,
  answer: AnswerDecoder,
  logits: Float32Array,
): Promise<void> {
  let fed = answer.next(logits);
  while (fed !== null) {
    const { ahead } = answer;
    const count = ahead ? timeline.aheadOf(Math.min(ahead.wanted, MAX_AHEAD)) : 0;
    if (!ahead || count === 0) {
      fed = answer.next(await timeline.decode(fed));
      continue;
    }
    for await (const id of timeline.sample({ ...ahead, id: fed, count })) {
      fed = answer.take(id);
      if (fed === null) break;
    }
  }
}

/** One answer as it is written. Whoever runs the decoder asks for the next token after each step. */
export class AnswerDecoder {
  readonly #model: EngineModel;
  readonly #params: DecodeParams;
  readonly #start: DecodeStart;
  readonly #hooks: GenerateHooks;
  readonly #sampler: Sampler;
  readonly #text: AnswerText;
  readonly #limit: number;
  readonly #startMs: number;
  readonly #savedLogits: Float32Array[] = [];
  #finishReason: FinishReason = 'length';
  #firstTokenMs: number;
  #step = 0;

  /** @throws RoundsError setting_invalid, context_overflow */
  constructor(model: EngineModel, params: DecodeParams, start: DecodeStart, hooks: GenerateHooks) {
    const { settings, forceIds } = params;
    const { continued, observer, promptIds } = start;
    this.#model = model;
    this.#params = params;
    this.#start = start;
    this.#hooks = hooks;
    this.#sampler = new Sampler(settings, promptIds.slice(0, promptIds.length - continued.length));
    this.#sampler.resume(continued);
    this.#text = new AnswerText(model, params, continued, hooks);
    observer?.skip(continued);
    const remaining = remainingContext(model, start);
    this.#limit = Math.min(settings.maxNewTokens, forceIds?.length ?? Infinity, remaining);
    this.#startMs = hooks.clock();
    this.#firstTokenMs = this.#startMs;
  }

  /**
   * Adds a token to the answer.
   * @param logits [vocab], after the last token
   * @returns the token to run the decoder with; null if the answer has ended
   */
  next(logits: Float32Array): number | null {
    const { forceIds, logits: requested = 'none' } = this.#params;
    const step = this.#step++;
    if (requested === 'all' || (requested !== 'none' && step === 0)) this.#savedLogits.push(logits);
    if (step >= this.#limit) return null;
    const { id } = this.#sampler.next(logits, forceIds === undefined);
    const fed = forceIds?.[step] ?? id;
    if (forceIds) this.#sampler.accept(fed);
    const probabilities = this.#start.observer?.observe(logits, fed);
    if (probabilities) this.#hooks.onProbabilities?.(probabilities);
    return this.#add(step, id, fed);
  }

  /**
   * What chooses the next tokens and how many there may be, if only their ids are needed; null if something needs the
   * logits.
   */
  get ahead(): { sampler: Sampler; settings: GenerateParams['settings']; wanted: number } | null {
    const { settings, forceIds, logits } = this.#params;
    const needsLogits = forceIds !== undefined || logits === 'all' || this.#start.observer?.isIdle === false;
    return needsLogits ? null : { sampler: this.#sampler, settings, wanted: this.#limit - this.#step };
  }

  /** As `next`, with a token that was chosen on the device. */
  take(id: number): number | null {
    const step = this.#step++;
    this.#sampler.follow(id);
    return this.#add(step, id, id);
  }

  #add(step: number, id: number, fed: number): number | null {
    const { settings, forceIds } = this.#params;
    if (step === 0) this.#firstTokenMs = this.#hooks.clock();
    if (!settings.ignoreEos && !forceIds && this.#model.config.tokenIds.eos.includes(id)) {
      this.#text.end(id);
      this.#finishReason = 'stop';
      return null;
    }
    this.#text.push(id);
    this.#hooks.onProgress?.('decode', step + 1, this.#limit);
    if (step + 1 === this.#limit) return null;
    if (!this.#hooks.signal.aborted) return fed;
    this.#finishReason = 'abort';
    return null;
  }

  finish(): DecodeOutcome {
    // Forced ids are a whole text, wherever they end.
    const isCut = this.#finishReason !== 'stop' && !this.#params.forceIds;
    const whole = this.#text.finish(isCut);
    return {
      ...whole,
      added: whole.ids.length - this.#start.continued.length,
      finishReason: this.#finishReason,
      logits: this.#savedLogits,
      decodeMs: this.#hooks.clock() - this.#startMs,
      firstTokenMs: this.#firstTokenMs,
    };
  }
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
