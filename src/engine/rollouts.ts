/**
 * Generates several rollouts of one question. Images and prompt are processed once; every rollout starts from the same
 * logits with its own seed. On WebAssembly several are decoded at once; elsewhere one follows the other.
 */
import { RoundsError } from '../shared/errors';
import type { Rollout, RolloutsParams, RolloutsResult } from '../shared/generation';
import type { Phase } from '../shared/protocol';
import { MAX_ROLLOUTS, MIN_ROLLOUTS } from '../shared/rolloutGroup';
import { AnswerDecoder, decodeToEnd, type GenerateHooks } from './decode';
import { prefillPrompt, runSize, tokensPerSecond, type DecodedImages, type Prefilled } from './generate';
import { memoryUse } from './memory';
import type { EngineModel } from './model';
import { TimelineBatch } from './timelineBatch';
import { TokenObserver } from './tokenObserver';

export interface RolloutHooks extends Pick<GenerateHooks, 'signal' | 'clock' | 'onProgress'> {
  onText?: (text: string, phase: Phase, index: number, ids: number[], rollout: number) => void;
  onRollout?: (rollout: Rollout) => void;
}

/** Most bytes of KV cache for rollouts that are decoded at once. */
const MAX_BATCH_BYTES = 512e6;

/**
 * Rollout i equals the result of `generate` with the seed `settings.seed + i`. Aborting ends the current rollouts and
 * returns all rollouts so far.
 * @throws RoundsError as generate does; setting_invalid for an invalid number of rollouts
 */
export async function rollOut(
  model: EngineModel,
  { request, count }: RolloutsParams,
  decoded: DecodedImages,
  hooks: RolloutHooks,
): Promise<RolloutsResult> {
  if (!(Number.isInteger(count) && count >= MIN_ROLLOUTS && count <= MAX_ROLLOUTS)) {
    const rule = `it must be a whole number from ${MIN_ROLLOUTS} to ${MAX_ROLLOUTS}`;
    throw new RoundsError('setting_invalid', `The number of rollouts is ${count}; ${rule}.`);
  }
  const { signal, clock, onProgress } = hooks;
  const prefilled = await prefillPrompt(model, request, decoded, {
    signal,
    clock,
    ...(onProgress ? { onProgress } : {}),
  });
  const width = Math.min(count, batchWidth(model, request, prefilled.prompt.ids.length));
  const startMs = clock();
  const rollouts: Rollout[] = [];
  for (let first = 0; first < count && !(signal.aborted && first > 0); first += width) {
    const lanes = Array.from(
      { length: Math.min(width, count - first) },
      (_, i) => new Lane(model, request, prefilled, first + i, hooks),
    );
    rollouts.push(...(await (width === 1 ? decodeOne : decodeTogether)(model, prefilled, lanes, hooks)));
  }
  rollouts.sort((a, b) => a.index - b.index);
  return assemble(model, prefilled, rollouts, clock() - startMs);
}

/** How many rollouts are decoded at once: on WebAssembly as many as memory allows, elsewhere one. */
function batchWidth(
  model: EngineModel,
  { settings }: RolloutsParams['request'],
  promptTokens: number,
): number {
  if (model.backend.name !== 'wasm') return 1;
  const rows = Math.min(promptTokens + settings.maxNewTokens, model.timeline.capacity);
  return Math.max(1, Math.floor(MAX_BATCH_BYTES / TimelineBatch.laneBytes(model.config.text, rows)));
}

/** One rollout that is being decoded. */
class Lane {
  readonly #index: number;
  readonly #seed: number;
  readonly #observer: TokenObserver;
  readonly decoder: AnswerDecoder;

  constructor(
    model: EngineModel,
    request: RolloutsParams['request'],
    { prompt, logits }: Prefilled,
    index: number,
    { signal, clock, onText }: RolloutHooks,
  ) {
    this.#index = index;
    this.#seed = request.settings.seed + index;
    this.#observer = new TokenObserver(model.tokenizer, model.config.text.vocabSize, request);
    this.decoder = new AnswerDecoder(
      model,
      { ...request, settings: { ...request.settings, seed: this.#seed } },
      { promptIds: prompt.ids, continued: [], logits, observer: this.#observer },
      { signal, clock, onText: (text, phase, at, ids) => onText?.(text, phase, at, ids, index) },
    );
  }

  /** As AnswerDecoder.next. */
  next(logits: Float32Array): number | null {
    return this.decoder.next(logits);
  }

  finish(): Rollout {
    const { ids: newIds, text, thinking, answer, finishReason, decodeMs } = this.decoder.finish();
    const [index, seed, optionProbabilities] = [this.#index, this.#seed, this.#observer.letters];
    return { index, seed, newIds, text, thinking, answer, finishReason, optionProbabilities, decodeMs };
  }
}

/** Decodes a single lane in the conversation's own cache. */
async function decodeOne(
  model: EngineModel,
  { prompt, logits }: Prefilled,
  [lane]: readonly Lane[],
  { onRollout }: RolloutHooks,
): Promise<Rollout[]> {
  if (!lane) return [];
  model.timeline.rewind(prompt.ids.length);
  await decodeToEnd(model, lane.decoder, logits);
  const rollout = lane.finish();
  onRollout?.(rollout);
  return [rollout];
}

/** Decodes all lanes at once, each until it ends. */
async function decodeTogether(
  model: EngineModel,
  { prompt, logits }: Prefilled,
  lanes: readonly Lane[],
  { onRollout }: RolloutHooks,
): Promise<Rollout[]> {
  model.timeline.rewind(prompt.ids.length);
  const batch = model.timeline.fork(lanes.length);
  const finished: Rollout[] = [];
  let active = lanes;
  let latest = lanes.map(() => logits);
  try {
    for (;;) {
      const fed = active.map((lane, i) => lane.next(latest[i] ?? logits));
      active.forEach((lane, i) => {
        if (fed[i] !== null) return;
        const rollout = lane.finish();
        finished.push(rollout);
        onRollout?.(rollout);
      });
      const running = fed.flatMap((id, i) => (id === null ? [] : [i]));
      active = running.flatMap((i) => active[i] ?? []);
      if (active.length === 0) return finished;
      batch.keep(running);
      latest = await batch.decode(running.map((i) => fed[i] ?? 0));
    }
  } finally {
    batch.dispose();
  }
}

function assemble(
  model: EngineModel,
  prefilled: Prefilled,
  rollouts: Rollout[],
  decodeMs: number,
): RolloutsResult {
  const { prompt, cachedTokens, encodedImages, timing } = prefilled;
  // The first token of each rollout comes from the prompt's logits, without a decode step.
  const steps = rollouts.reduce((sum, { newIds }) => sum + newIds.length - 1, 0);
  return {
    rollouts,
    promptTokens: prompt.ids.length,
    cachedTokens,
    encodedImages,
    timing: { ...timing, decodeMs, decodeTokensPerSecond: tokensPerSecond(steps, decodeMs) },
    contextAvailable: model.timeline.capacity,
    memory: memoryUse(model, runSize(model, prefilled)),
  };
}
