/** The loop of an answer: sample → stop? → text → decode, from the logits behind a prompt that is in the cache. */
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
  /** `ids`: drawn since the last call. */
  onText?: (text: string, phase: Phase, index: number, ids: number[]) => void;
  onProbabilities?: (token: TokenProbabilities) => void;
}

export interface DecodeStart {
  /** Ids in the cache, `continued` included. */
  promptIds: readonly number[];
  /** Ids at their end that belong to the answer already. */
  continued: readonly number[];
  /** [vocab], behind the last of them. */
  logits: Float32Array;
  observer: TokenObserver | null;
}

export interface DecodeOutcome extends SplitText {
  /** The whole answer, with what it was continued from; so are text, thinking and answer. */
  ids: number[];
  /** How many of them are new. */
  added: number;
  text: string;
  finishReason: FinishReason;
  logits: Float32Array[];
  decodeMs: number;
  firstTokenMs: number;
}

type DecodeParams = Pick<GenerateParams, 'settings' | 'tags' | 'forceIds' | 'logits'>;

/** @throws RoundsError setting_invalid, context_overflow (no room for a single token), and what the backend throws */
export async function decodeAnswer(
  model: EngineModel,
  params: DecodeParams,
  start: DecodeStart,
  hooks: GenerateHooks,
): Promise<DecodeOutcome> {
  const { settings, forceIds, logits: wanted = 'none' } = params;
  const { continued, observer } = start;
  const sampler = new Sampler(settings, start.promptIds.slice(0, start.promptIds.length - continued.length));
  sampler.resume(continued);
  const text = new AnswerText(model, params, continued, hooks);
  observer?.skip(continued);
  const limit = Math.min(settings.maxNewTokens, forceIds?.length ?? Infinity, roomFor(model, start));
  const startMs = hooks.clock();
  const kept = wanted === 'none' ? [] : [start.logits];
  let { logits } = start;
  let finishReason: FinishReason = 'length';
  let firstTokenMs = startMs;
  for (let step = 0; step < limit; step++) {
    const { id } = sampler.next(logits, forceIds === undefined);
    const fed = forceIds?.[step] ?? id;
    if (forceIds) sampler.accept(fed);
    const noted = observer?.note(logits, fed);
    if (noted) hooks.onProbabilities?.(noted);
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
    if (wanted === 'all') kept.push(logits);
  }
  const whole = text.finish();
  const added = whole.ids.length - continued.length;
  return { ...whole, added, finishReason, logits: kept, decodeMs: hooks.clock() - startMs, firstTokenMs };
}

/** Tokens that the cache has room for: an answer that fills it ends there, as at any other limit. */
function roomFor({ timeline }: EngineModel, { promptIds }: DecodeStart): number {
  const room = timeline.capacity - promptIds.length;
  if (room > 0) return room;
  throw new RoundsError(
    'context_overflow',
    `The conversation fills the model's ${timeline.capacity} tokens: there is no room for an answer.`,
  );
}

/** Ids → text, parted and told as it becomes certain. */
class AnswerText {
  readonly #ids: number[] = [];
  readonly #stream: Utf8Stream;
  readonly #splitter: ThinkingSplitter;
  readonly #onText: GenerateHooks['onText'];
  #text = '';
  /** Ids that have been told with a text. */
  #told = 0;

  constructor(
    model: EngineModel,
    { tags }: Pick<GenerateParams, 'tags'>,
    continued: readonly number[],
    { onText }: GenerateHooks,
  ) {
    this.#stream = new Utf8Stream(model.tokenizer);
    this.#splitter = new ThinkingSplitter(tags);
    // Read, not told: whoever continues an answer has shown it.
    for (const id of continued) this.push(id);
    this.#told = continued.length;
    this.#onText = onText;
  }

  push(id: number): void {
    this.#ids.push(id);
    this.#show(this.#stream.push(id));
  }

  /** The token that ends the answer writes nothing. */
  end(id: number): void {
    this.#ids.push(id);
  }

  finish(): SplitText & { ids: number[]; text: string } {
    this.#show(this.#stream.finish());
    for (const piece of this.#splitter.finish()) this.#tell(piece);
    return { ids: this.#ids, text: this.#text, ...this.#splitter.result() };
  }

  #show(text: string): void {
    this.#text += text;
    for (const piece of this.#splitter.push(text)) this.#tell(piece);
  }

  #tell({ text, phase }: { text: string; phase: Phase }): void {
    this.#onText?.(text, phase, this.#ids.length, this.#ids.slice(this.#told));
    this.#told = this.#ids.length;
  }
}
