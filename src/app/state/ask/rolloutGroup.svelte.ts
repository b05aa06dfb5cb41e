/** One question asked several times: the answers, their vote, and the advantages that GRPO would compute. */
import { optionLetter } from '../../../shared/options';
import { RoundsError } from '../../../shared/errors';
import type { Rollout, RolloutsParams, RolloutsResult } from '../../../shared/generation';
import type { ModelInfo, Update } from '../../../shared/protocol';
import { REWARD_RULES } from '../../../shared/rewardRules';
import { groupAdvantages, majorityVote, passRate } from '../../../shared/rolloutGroup';
import { buildRequest, judge, type Asked, type Exchange, type Verdict } from '../../question/prompting';
import { Run, type RunContext, type RunOrigin, type RunStatus, type SavedRun } from './run.svelte';
import type { Turn } from './turn.svelte';

/** The part of the engine's result that is shown. */
export type GroupResult = Pick<
  RolloutsResult,
  'promptTokens' | 'cachedTokens' | 'contextAvailable' | 'timing'
>;

/** Saved rollouts of an earlier visit. */
export interface SavedGroup extends SavedRun {
  rollouts: readonly Rollout[];
  result: GroupResult | null;
}

export interface RolloutOptions extends Partial<RunOrigin> {
  count: number;
  temperature: number;
  parent: Turn | null;
}

/** One answer of the group. */
export class RolloutItem {
  readonly index: number;
  readonly seed: number;
  readonly #asked: Asked;
  thinking = $state('');
  answer = $state('');
  tokens = $state(0);
  result = $state.raw<Rollout | null>(null);

  /** Null while it is being written, and if it was stopped. */
  verdict = $derived.by((): Verdict | null =>
    this.result && this.result.finishReason !== 'abort' ? judge(this.#asked, this.result.text) : null,
  );
  status = $derived.by((): 'waiting' | 'running' | 'done' | 'stopped' => {
    if (this.result) return this.result.finishReason === 'abort' ? 'stopped' : 'done';
    if (this.isCut) return 'stopped';
    return this.tokens > 0 ? 'running' : 'waiting';
  });
  /** The run ended in its middle without a result, because its worker had to be ended or crashed. */
  isCut = $state(false);

  constructor(index: number, seed: number, asked: Asked) {
    this.index = index;
    this.seed = seed;
    this.#asked = asked;
  }

  follow(update: Extract<Update, { kind: 'token' }>): void {
    this.tokens = update.index;
    if (update.phase === 'thinking') this.thinking += update.text;
    else this.answer += update.text;
  }

  finish(rollout: Rollout): void {
    this.result = rollout;
    this.thinking = rollout.thinking;
    this.answer = rollout.answer;
    this.tokens = rollout.newIds.length;
  }
}

export class RolloutGroup extends Run {
  readonly kind = 'rollouts';
  readonly parent: Turn | null;
  readonly count: number;
  readonly temperature: number;
  readonly items: readonly RolloutItem[];
  result = $state.raw<GroupResult | null>(null);

  tokens = $derived.by(() => this.items.reduce((sum, item) => sum + item.tokens, 0));
  finished = $derived.by(() => this.items.filter((item) => item.status === 'done'));
  /** Null without choices: free-text answers have no letters to count. */
  vote = $derived.by(() =>
    this.asked.options.length === 0
      ? null
      : majorityVote(this.finished.map((item) => item.verdict?.chosen ?? null)),
  );
  /** Null without a key. */
  passRate = $derived.by(() =>
    this.asked.key === null ? null : passRate(this.finished.map((item) => item.verdict?.correct === true)),
  );
  /** In the order of `finished`; null without a key, and until two rollouts have finished. */
  advantages = $derived.by(() => {
    if (this.asked.key === null || this.asked.options.length === 0 || this.finished.length < 2) return null;
    const rewards = this.finished.map((item) => item.verdict?.reward ?? 0);
    return groupAdvantages(rewards, REWARD_RULES[this.asked.presetId].advantage);
  });

  constructor(asked: Asked, { count, temperature, parent, ...origin }: RolloutOptions) {
    super(asked, parent ? { ...origin, caseId: parent.caseId } : origin);
    this.parent = parent;
    this.count = count;
    this.temperature = temperature;
    const { seed } = asked.sampling;
    this.items = Array.from({ length: count }, (_, index) => new RolloutItem(index, seed + index, asked));
  }

  /** Restores rollouts of an earlier visit. */
  static restore(
    asked: Asked,
    options: Pick<RolloutOptions, 'count' | 'temperature' | 'parent'>,
    saved: SavedGroup,
  ): RolloutGroup {
    const { uid, caseId, askedAt } = saved;
    const group = new RolloutGroup(asked, { ...options, uid, caseId, askedAt });
    group.restoreRun(saved);
    for (const rollout of saved.rollouts) group.items[rollout.index]?.finish(rollout);
    group.result = saved.result;
    return group;
  }

  get earlier(): Exchange[] {
    return this.parent ? this.parent.exchanges : [];
  }

  get ancestors(): Turn[] {
    return this.parent ? [...this.parent.ancestors, this.parent] : [];
  }

  /** The advantage of a finished rollout; null for others and without a key. */
  advantageOf(item: RolloutItem): number | null {
    const place = this.finished.indexOf(item);
    return place < 0 ? null : (this.advantages?.advantages[place] ?? null);
  }

  run(context: RunContext): Promise<void> {
    return this.perform(context, async (info, signal): Promise<RunStatus> => {
      const { settings, ...request } = buildRequest(
        this.asked,
        info.model.text.maxPositionEmbeddings,
        this.earlier,
      );
      const optionLetters = this.asked.options.map((_, index) => optionLetter(index));
      const params = {
        request: { ...request, optionLetters, settings: { ...settings, temperature: this.temperature } },
        count: this.count,
      };
      const result = await this.#call(context, info, params, signal);
      for (const rollout of result.rollouts) this.items[rollout.index]?.finish(rollout);
      this.result = result;
      return this.finished.length < this.count ? 'stopped' : 'done';
    });
  }

  /** If the worker has lost the model before anything was written, the question is asked once more. */
  async #call(
    context: RunContext,
    info: ModelInfo,
    params: RolloutsParams,
    signal: AbortSignal,
  ): Promise<RolloutsResult> {
    const call = (): Promise<RolloutsResult> =>
      context.engine.call('rollouts', params, { signal, onUpdate: (update) => this.#follow(update) });
    try {
      return await call().catch(async (thrown: unknown) => {
        if (RoundsError.from(thrown).code !== 'model_not_loaded') throw thrown;
        await this.recovered(context, info, thrown, signal);
        return call();
      });
    } catch (thrown) {
      for (const item of this.items) if (item.tokens > 0 && !item.result) item.isCut = true;
      throw thrown;
    }
  }

  #follow(update: Update): void {
    this.followStage(update);
    if (update.kind === 'rollout') this.items[update.rollout.index]?.finish(update.rollout);
    if (update.kind !== 'token') return;
    this.tick();
    this.progress = null;
    this.phase = update.phase;
    this.items[update.rollout ?? 0]?.follow(update);
  }
}
