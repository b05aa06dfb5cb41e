/** One question and what came of it: streams, times, verdict. Made by Conversation, drawn by ReasoningPanel. */
import { RoundsError } from '../../shared/errors';
import type { GenerateResult, ModelInfo, Phase, Stage, Update } from '../../shared/protocol';
import type { EngineApi } from '../engineClient';
import { buildRequest, judge, type Asked, type Verdict } from '../prompting';
import { TimeLeft, type StageProgress } from '../timeLeft';

/** Often enough for a tenth of a second in the clock, seldom enough to cost nothing. */
const CLOCK_MS = 100;

export type TurnStatus = 'waiting' | 'running' | 'done' | 'stopped' | 'failed';
/** What the engine is doing with this turn, in the words of the page. */
export type TurnPhase = 'waiting' | Extract<Stage, 'image' | 'vision' | 'prefill'> | Phase | 'over';

let nextId = 1;

export class Turn {
  readonly id = nextId++;
  readonly asked: Asked;
  status = $state<TurnStatus>('waiting');
  phase = $state<TurnPhase>('waiting');
  progress = $state.raw<StageProgress | null>(null);
  thinking = $state('');
  answer = $state('');
  tokens = $state(0);
  /** Since the question was put to the engine; stands still when the turn is over. */
  elapsedMs = $state(0);
  firstTokenMs = $state<number | null>(null);
  thinkingMs = $state<number | null>(null);
  result = $state.raw<GenerateResult | null>(null);
  error = $state.raw<RoundsError | null>(null);

  isOver = $derived(this.status !== 'waiting' && this.status !== 'running');
  verdict = $derived.by((): Verdict | null =>
    this.result && this.status === 'done' ? judge(this.asked, this.result.text) : null,
  );
  tokensPerSecond = $derived.by(() => {
    if (this.result) return this.result.timing.decodeTokensPerSecond;
    if (this.firstTokenMs === null || this.tokens < 2) return 0;
    return (1000 * (this.tokens - 1)) / Math.max(this.elapsedMs - this.firstTokenMs, 1);
  });

  readonly #abort = new AbortController();
  readonly #timeLeft = new TimeLeft();
  #startedMs = 0;

  constructor(asked: Asked) {
    this.asked = asked;
  }

  /** Waits for the model, then asks. Never rejects: the outcome is in `status` and `error`. */
  async run(engine: EngineApi, modelReady: () => Promise<ModelInfo>): Promise<void> {
    let clock: ReturnType<typeof setInterval> | undefined;
    try {
      const info = await untilAborted(modelReady(), this.#abort.signal);
      const contextTokens = info.model.text.maxPositionEmbeddings;
      this.status = 'running';
      this.phase = 'image';
      this.#startedMs = performance.now();
      clock = setInterval(() => (this.elapsedMs = performance.now() - this.#startedMs), CLOCK_MS);
      const result = await engine.call('generate', buildRequest(this.asked, contextTokens), {
        signal: this.#abort.signal,
        onUpdate: (update) => this.#follow(update),
      });
      this.#finish(result);
    } catch (thrown) {
      this.error = RoundsError.from(thrown);
      this.status = this.error.code === 'aborted' ? 'stopped' : 'failed';
    } finally {
      clearInterval(clock);
      if (this.#startedMs > 0) this.elapsedMs = performance.now() - this.#startedMs;
      if (this.thinking !== '') this.thinkingMs ??= this.elapsedMs - (this.firstTokenMs ?? 0);
      this.progress = null;
      this.phase = 'over';
    }
  }

  stop(): void {
    this.#abort.abort();
  }

  #follow(update: Update): void {
    if (update.kind === 'progress') {
      const { stage, done, total } = update;
      if (stage === 'image' || stage === 'vision' || stage === 'prefill') {
        this.phase = stage;
        this.progress = this.#timeLeft.report(stage, done, total);
      }
      return;
    }
    if (update.kind !== 'token') return;
    this.elapsedMs = performance.now() - this.#startedMs;
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

  #finish(result: GenerateResult): void {
    this.result = result;
    // The whole text parted at once: the stream could not know yet whether a tag would be closed.
    this.thinking = result.thinking;
    this.answer = result.answer;
    this.tokens = result.newIds.length;
    this.firstTokenMs = result.timing.ttftMs;
    this.status = result.finishReason === 'abort' ? 'stopped' : 'done';
  }
}

/** A model may take minutes to load; Stop must not wait for it. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new RoundsError('aborted', 'Stopped before it began.')), {
      once: true,
    });
    promise.then(resolve, reject);
  });
}
