/**
 * An engine that follows a script, for states that a real one seldom shows: slow streams, lost devices, full
 * storage. It speaks the same protocol as the worker's client and decodes images with the browser.
 */
import { RoundsError, type ErrorCode } from '../../src/shared/errors';
import type { CallOptions, EngineApi } from '../../src/app/clients/engineClient';
import type {
  GenerateParams,
  GenerateResult,
  ImageInput,
  Rollout,
  RolloutsParams,
  RolloutsResult,
} from '../../src/shared/generation';
import type {
  CallName,
  Calls,
  DeviceProbe,
  ImagePreview,
  LoadParams,
  ModelInfo,
  Phase,
  Update,
} from '../../src/shared/protocol';
import { fakeModelInfo, fakeResult } from './fakeResults';
import { fakeOptions, fakeProbabilities, fakeRollout, fakeRollouts } from './fakeRollouts';
import { fakePreview } from './fakePreview';
import { Failing, type Place } from './failing';
import type { Scenario } from './scenarios';

const THOUGHT =
  'The picture is a grey cross-section on black. A bright ring of bone encloses soft tissue with fine structure, as in a slice through the skull. Bone is white, air is black, so this was made with X-rays.';

/** What rollouts answer, in turn: two are a tie, three or four have a majority. */
const ROLLOUT_LETTERS = ['B', 'A', 'B', 'C'];

/** Short, because nearly every test waits for them; what must be watched in its middle has a slow scenario. */
const LOAD_STEP_MS = 40;
const SLOW_LOAD_STEP_MS = 300;
const WORD_MS = 4;

export class FakeEngine implements EngineApi {
  readonly #scenario: Scenario;
  readonly #lost = new Set<(error: RoundsError) => void>();
  readonly #failing = new Failing(location.search);
  #loads = 0;
  #answers = 0;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  onLost(listener: (error: RoundsError) => void): () => void {
    this.#lost.add(listener);
    return () => this.#lost.delete(listener);
  }

  async call<K extends CallName>(
    kind: K,
    params: Calls[K][0],
    options: CallOptions = {},
  ): Promise<Calls[K][1]> {
    // What can't be cloned would not reach a worker.
    const cloned: unknown = structuredClone(params);
    // Tests read what would reach the worker.
    if (kind === 'generate') Object.assign(globalThis, { askedParams: (cloned as GenerateParams).messages });
    switch (kind) {
      case 'load':
        return await this.#load(cloned as LoadParams, options);
      case 'preview':
        this.#failing.at('image');
        if (this.#scenario === 'pageBreaks') return {} as ImagePreview;
        return await fakePreview((cloned as { image: ImageInput }).image);
      case 'survey':
        return (cloned as { files: Blob[] }).files.map(() => ({ kind: 'image' as const }));
      case 'generate':
        return await this.#generate(cloned as GenerateParams, options);
      case 'rollouts':
        return await this.#rollOut(cloned as RolloutsParams, options);
      case 'probe':
        return this.#probe((cloned as { allocateBytes: number }).allocateBytes);
      default:
        return null;
    }
  }

  async #load(params: LoadParams, { onUpdate, signal }: CallOptions): Promise<ModelInfo> {
    this.#loads += 1;
    const total = 7_340_000;
    for (const share of [0.1, 0.25, 0.44]) {
      await wait(this.#scenario === 'slowLoad' ? SLOW_LOAD_STEP_MS : LOAD_STEP_MS, signal);
      onUpdate?.({ kind: 'progress', stage: 'download', done: Math.round(total * share), total });
    }
    this.#failing.at('load', params);
    if (this.#scenario === 'slowLoad') await wait(3_600_000, signal);
    if (this.#scenario === 'loadFailsOnce' && this.#loads === 1) fail('download_failed');
    if (this.#scenario === 'noWebGpu' && params.backend !== 'wasm') fail('webgpu_unavailable');
    if (this.#scenario === 'quotaFull' && params.pack.kind === 'url' && params.pack.cache)
      fail('storage_quota');
    onUpdate?.({ kind: 'progress', stage: 'compile', done: total / 4, total });
    await wait(50, signal);
    if (this.#scenario === 'secondMode') {
      for (const [stage, done] of [
        ['compile', total],
        ['check', 0],
        ['compile', 0],
        ['compile', total],
      ] as const) {
        onUpdate?.({ kind: 'progress', stage, done, total: stage === 'check' ? 1 : total });
        await wait(50, signal);
      }
    }
    if (params.pack.kind === 'stored' && this.#scenario === 'largeFails') fail('out_of_memory');
    return fakeModelInfo(params.backend, params.pack);
  }

  #probe(askedBytes: number): DeviceProbe {
    if (this.#scenario === 'noWebGpu') return { gpu: null, allocation: null };
    const gotBytes = this.#scenario === 'smallGpu' ? Math.min(askedBytes, 1_073_741_824) : askedBytes;
    return {
      gpu: {
        description: 'Scripted adapter',
        software: false,
        shaderF16: true,
        maxBufferBytes: 2 ** 31,
        maxBindingBytes: 2 ** 31,
      },
      allocation: askedBytes > 0 ? { askedBytes, gotBytes } : null,
    };
  }

  async #generate(params: GenerateParams, { onUpdate, signal }: CallOptions): Promise<GenerateResult> {
    this.#answers += 1;
    await this.#begin({ onUpdate, signal });
    this.#failAt('answer');
    return this.#write(params, this.#script(params), signal, (update) => {
      onUpdate?.(update);
      if (update.kind === 'token' && update.index > 8) {
        this.#maybeLose();
        this.#failAt('word');
      }
    });
  }

  async #rollOut(
    { request, count }: RolloutsParams,
    { onUpdate, signal }: CallOptions,
  ): Promise<RolloutsResult> {
    await this.#begin({ onUpdate, signal });
    const rollouts: Rollout[] = [];
    for (let index = 0; index < count && !signal?.aborted; index++) {
      const [thought] = this.#script(request);
      const letter =
        this.#scenario === 'wrong' ? 'A' : (ROLLOUT_LETTERS[index % ROLLOUT_LETTERS.length] ?? 'A');
      const result = await this.#write(request, [thought, letter], signal, (update) =>
        onUpdate?.(update.kind === 'token' ? { ...update, rollout: index } : update),
      );
      const rollout = fakeRollout(result, index, request.settings.seed + index);
      rollouts.push(rollout);
      onUpdate?.({ kind: 'rollout', rollout });
    }
    return fakeRollouts(rollouts);
  }

  async #begin({ onUpdate, signal }: CallOptions): Promise<void> {
    onUpdate?.({ kind: 'progress', stage: 'vision', done: 1, total: 4 });
    await wait(120, signal);
    if (this.#scenario === 'contextOverflow') fail('context_overflow');
  }

  /** Word by word; a word is a token. A continued answer follows the words that it has. */
  async #write(
    params: GenerateParams,
    [thought, answer]: [thought: string, answer: string],
    signal: AbortSignal | undefined,
    tell: (update: Update) => void,
  ): Promise<GenerateResult> {
    const pace = this.#scenario === 'slowStream' ? 150 : WORD_MS;
    const { continueFrom = [], forceIds, alternatives, optionLetters } = params;
    const written: Record<Phase, string> = { thinking: '', answering: '' };
    const words = [...phased('thinking', thought), ...phased('answering', answer)];
    let tokens = 0;
    let isCut = false;
    for (const { phase, word } of words) {
      const isKnown = tokens < continueFrom.length;
      // Looked up again, an answer ends where it ended.
      isCut = forceIds ? tokens === forceIds.length : phase === 'answering' && this.#isCutHere(continueFrom);
      if (isCut) break;
      if (!isKnown) {
        await new Promise((resolve) => setTimeout(resolve, pace));
        if (signal?.aborted) return fakeResult(written, tokens, 'abort');
      }
      written[phase] += word;
      tokens += 1;
      if (!isKnown) tell({ kind: 'token', text: word, phase, index: tokens, ids: [tokens - 1] });
    }
    return {
      ...fakeResult(written, tokens, isCut && !forceIds ? 'length' : 'stop'),
      ...(alternatives ? { probabilities: words.slice(0, tokens).map(fakeProbabilities) } : {}),
      ...(optionLetters ? { optionProbabilities: fakeOptions(optionLetters, answer, tokens - 1) } : {}),
    };
  }

  /** The first limit comes before the answer. */
  #isCutHere(continueFrom: readonly number[]): boolean {
    return this.#scenario === 'cutOff' && continueFrom.length === 0;
  }

  #script(params: GenerateParams): [thought: string, answer: string] {
    switch (this.#scenario) {
      case 'freeAnswer':
        return ['', 'A slice through the head, made with computed tomography.'];
      case 'slowStream':
        return [`${THOUGHT} `.repeat(8), 'B'];
      case 'wrong':
        return [THOUGHT, 'A'];
      default:
        return [THOUGHT, /B[.)] /.test(JSON.stringify(params.messages)) ? 'B' : 'A head CT.'];
    }
  }

  /** As the worker does: the call is answered first, then the loss is announced. */
  #failAt(place: Place): void {
    try {
      this.#failing.at(place);
    } catch (thrown) {
      const error = RoundsError.from(thrown);
      if (this.#failing.takesModel) setTimeout(() => this.#lost.forEach((listener) => listener(error)), 30);
      throw error;
    }
  }

  #maybeLose(): void {
    const loses =
      this.#scenario === 'deviceKeepsFailing' || (this.#scenario === 'deviceLost' && this.#answers === 1);
    if (!loses) return;
    const error = new RoundsError('device_lost', 'The scripted device was lost.');
    for (const listener of this.#lost) listener(error);
    throw error;
  }
}

function phased(phase: Phase, text: string): { phase: Phase; word: string }[] {
  return (text.match(/\S+\s*/g) ?? []).map((word) => ({ phase, word }));
}

function fail(code: ErrorCode): never {
  throw new RoundsError(code, `Scripted: ${code}.`);
}

function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new RoundsError('aborted', 'Stopped.'));
    });
  });
}
