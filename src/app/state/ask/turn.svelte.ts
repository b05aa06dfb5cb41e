/** A question and its answer: streamed text, times, verdict. Created by Conversation, shown by ReasoningPanel. */
import { optionLetter } from '../../../shared/options';
import { RoundsError } from '../../../shared/errors';
import type {
  GenerateParams,
  GenerateResult,
  OptionProbabilities,
  TokenProbabilities,
} from '../../../shared/generation';
import type { ModelInfo, Update } from '../../../shared/protocol';
import {
  buildRequest,
  judge,
  probabilityOptions,
  type Asked,
  type Exchange,
  type Verdict,
} from '../../question/prompting';
import { Run, type RunContext, type RunOrigin, type RunStatus, type SavedRun } from './run.svelte';

/** The part of the engine's result that is shown, or needed to continue the answer. */
export type TurnResult = Pick<
  GenerateResult,
  | 'text'
  | 'newIds'
  | 'thinking'
  | 'answer'
  | 'finishReason'
  | 'timing'
  | 'contextUsed'
  | 'contextAvailable'
  | 'cachedTokens'
> &
  Partial<Pick<GenerateResult, 'memory'>>;

/** A saved answer of an earlier visit. */
export interface SavedTurn extends SavedRun {
  thinking: string;
  answer: string;
  tokens: number;
  firstTokenMs: number | null;
  thinkingMs: number | null;
  result: TurnResult | null;
  probabilities: readonly TokenProbabilities[];
  optionProbabilities: readonly OptionProbabilities[];
}

export interface TurnOptions extends Partial<RunOrigin> {
  /** The answer that this question follows. */
  parent?: Turn | null;
  /** Report the probability of each token while the answer is written. */
  probabilities?: boolean;
}

export class Turn extends Run {
  readonly kind = 'answer';
  readonly parent: Turn | null;
  thinking = $state('');
  answer = $state('');
  tokens = $state(0);
  /** The most tokens that the answer may have, while it is written. */
  limit = $state<number | null>(null);
  firstTokenMs = $state<number | null>(null);
  thinkingMs = $state<number | null>(null);
  result = $state.raw<TurnResult | null>(null);
  /** One for each token of the answer; empty if they were not requested. */
  probabilities = $state.raw<readonly TokenProbabilities[]>([]);
  /** Probabilities of the options, at each place where the answer has one of their letters. */
  optionProbabilities = $state.raw<readonly OptionProbabilities[]>([]);
  /** True while the probabilities of a finished answer are being measured. */
  measuring = $state(false);
  measureError = $state.raw<RoundsError | null>(null);

  verdict = $derived.by((): Verdict | null =>
    this.result && this.status === 'done' ? judge(this.asked, this.result.text) : null,
  );
  /** At the place of the letter that decides the verdict. */
  letterProbabilities = $derived.by((): OptionProbabilities | null => {
    const chosen = this.verdict?.chosen ?? null;
    if (chosen === null) return null;
    return this.optionProbabilities.find(({ letter }) => letter === optionLetter(chosen)) ?? null;
  });
  tokensPerSecond = $derived.by(() => {
    if (this.result && this.isOver) return this.result.timing.decodeTokensPerSecond;
    if (this.firstTokenMs === null || this.tokens < 2) return 0;
    return (1000 * (this.tokens - 1)) / Math.max(this.elapsedMs - this.firstTokenMs, 1);
  });
  /** Cut off by its limit, by the visitor or by an error, with context left to continue. */
  canContinue = $derived.by(() => {
    if (!this.isOver) return false;
    if (this.status === 'failed' && this.#ids.length > 0) return true;
    // Stopped without a reply: its worker had to be ended.
    if (!this.result) return this.status === 'stopped' && this.#ids.length > 0;
    const { finishReason, newIds, contextUsed, contextAvailable } = this.result;
    return finishReason !== 'stop' && newIds.length > 0 && contextUsed < contextAvailable;
  });
  /** Whether another question can follow this answer. */
  canFollow = $derived(this.isOver && (this.result?.text ?? '') !== '');

  readonly #withProbabilities: boolean;
  /** All ids written so far, even if a lost device left no result. */
  #ids: number[] = [];
  /** Reported since the call started. */
  #reportedProbabilities: TokenProbabilities[] = [];

  constructor(asked: Asked, { parent = null, probabilities = false, ...origin }: TurnOptions = {}) {
    super(asked, parent ? { ...origin, caseId: parent.caseId } : origin);
    this.parent = parent;
    this.#withProbabilities = probabilities;
  }

  /** Restores an answer of an earlier visit. */
  static restore(asked: Asked, parent: Turn | null, saved: SavedTurn): Turn {
    const { uid, caseId, askedAt } = saved;
    const turn = new Turn(asked, { parent, uid, caseId, askedAt });
    turn.restoreRun(saved);
    turn.thinking = saved.thinking;
    turn.answer = saved.answer;
    turn.tokens = saved.tokens;
    turn.firstTokenMs = saved.firstTokenMs;
    turn.thinkingMs = saved.thinkingMs;
    turn.result = saved.result;
    turn.probabilities = saved.probabilities;
    turn.optionProbabilities = saved.optionProbabilities;
    return turn;
  }

  /** The conversation before this question as the model gets it, oldest first. */
  get earlier(): Exchange[] {
    return this.parent ? this.parent.exchanges : [];
  }

  /** The conversation up to and including this answer. */
  get exchanges(): Exchange[] {
    return [...this.earlier, { asked: this.asked, text: this.result?.text ?? '' }];
  }

  /** Earlier questions of the same conversation, oldest first. */
  get ancestors(): Turn[] {
    return this.parent ? [...this.parent.ancestors, this.parent] : [];
  }

  run(context: RunContext): Promise<void> {
    return this.perform(context, (info, signal) => this.#write(context, info, signal, []));
  }

  /** Continues an answer that was cut off; the result is the same as without the interruption. */
  async resume(context: RunContext): Promise<void> {
    if (!this.canContinue) return;
    const ids = this.#ids.length > 0 ? this.#ids : (this.result?.newIds ?? []);
    if (this.answer === '') this.thinkingMs = null;
    await this.perform(context, (info, signal) => this.#write(context, info, signal, ids));
  }

  /** Measures the probabilities of a finished answer's tokens by running them through the model again. */
  async measure(context: RunContext): Promise<void> {
    if (!this.result || this.measuring) return;
    this.measuring = true;
    this.measureError = null;
    const { newIds } = this.result;
    try {
      const info = await context.modelReady();
      const result = await this.#force(context, info, newIds).catch(async (thrown: unknown) => {
        const model = await this.modelAgain(context, info, thrown);
        return this.#force(context, model, newIds);
      });
      this.probabilities = result.probabilities ?? [];
      this.optionProbabilities = result.optionProbabilities ?? [];
    } catch (thrown) {
      this.measureError = RoundsError.from(thrown);
    }
    this.measuring = false;
  }

  /** Runs a finished answer through the model, for its probabilities. @throws RoundsError model_changed, and as generate does */
  #force({ engine }: RunContext, info: ModelInfo, newIds: readonly number[]): Promise<GenerateResult> {
    if (info.packHash !== this.model?.packHash)
      throw new RoundsError('model_changed', 'Another model wrote this answer.');
    const params = this.#request(info);
    const settings = { ...params.settings, maxNewTokens: newIds.length };
    return engine.call('generate', {
      ...params,
      settings,
      forceIds: [...newIds],
      ...probabilityOptions(this.asked),
    });
  }

  /** If the model is lost meanwhile, the answer continues from its last token once the model is loaded again. */
  async #write(
    context: RunContext,
    info: ModelInfo,
    signal: AbortSignal,
    from: readonly number[],
  ): Promise<RunStatus> {
    const before = from.length;
    this.#ids = [...from];
    for (let model = info; ;) {
      const continued = this.#ids.length > 0;
      try {
        const params = this.#params(model, before);
        const onUpdate = (update: Update): void => this.#follow(update);
        const result = await context.engine.call('generate', params, { signal, onUpdate });
        this.#finish(result, continued);
        return result.finishReason === 'abort' ? 'stopped' : 'done';
      } catch (thrown) {
        this.#saveProbabilities();
        model = await this.recovered(context, model, thrown, signal);
      }
    }
  }

  /** @param before number of ids when the run started: only later ones count against the token limit */
  #params(info: ModelInfo, before: number): GenerateParams {
    const params = this.#request(info);
    this.#reportedProbabilities = [];
    const { settings } = params;
    const maxNewTokens = Math.max(settings.maxNewTokens - (this.#ids.length - before), 1);
    return {
      ...params,
      settings: { ...settings, maxNewTokens },
      ...(this.#ids.length > 0 ? { continueFrom: [...this.#ids] } : {}),
      ...(this.#withProbabilities ? probabilityOptions(this.asked) : {}),
    };
  }

  #saveProbabilities(): void {
    const reported = this.#reportedProbabilities.filter(({ index }) => index < this.#ids.length);
    this.probabilities = [...this.probabilities, ...reported];
  }

  #request({ model }: ModelInfo): GenerateParams {
    return buildRequest(this.asked, model.text.maxPositionEmbeddings, this.earlier);
  }

  #follow(update: Update): void {
    this.followStage(update);
    if (update.kind === 'progress' && update.stage === 'decode')
      this.limit = this.#ids.length + update.total - update.done;
    if (update.kind === 'probabilities') this.#reportedProbabilities.push(update.token);
    if (update.kind !== 'token') return;
    this.#ids.push(...update.ids);
    this.tick();
    this.firstTokenMs ??= this.elapsedMs;
    this.progress = null;
    this.tokens = update.index;
    this.phase = update.phase;
    if (update.phase === 'thinking') this.thinking += update.text;
    else {
      if (this.thinking !== '') this.thinkingMs ??= this.elapsedMs - this.firstTokenMs;
      this.answer += update.text;
    }
  }

  #finish(result: GenerateResult, isContinued: boolean): void {
    this.result = result;
    this.#ids = [...result.newIds];
    // Replaces the streamed parts, which were split without knowing whether a tag would be closed.
    this.thinking = result.thinking;
    this.answer = result.answer;
    this.tokens = result.newIds.length;
    if (!isContinued) this.firstTokenMs = result.timing.ttftMs;
    this.tick();
    if (this.thinking !== '') this.thinkingMs ??= this.elapsedMs - (this.firstTokenMs ?? 0);
    this.probabilities = [...(isContinued ? this.probabilities : []), ...(result.probabilities ?? [])];
    this.optionProbabilities = [
      ...(isContinued ? this.optionProbabilities : []),
      ...(result.optionProbabilities ?? []),
    ];
  }
}
