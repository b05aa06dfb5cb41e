/** The measurements of `bench`, in sequence in one browser. Nothing is estimated: what can't be measured is null. */
import type { HarnessCase, HarnessImage, HarnessMessage } from '../../shared/harness';
import type { GenerateTiming } from '../../shared/generation';
import type { DeviceReport, LoadParams } from '../../shared/protocol';
import { RoundsError } from '../../shared/errors';
import type { HarnessSession } from '../harnessSession';
import type { GpuCalls, Instruments } from './instruments';

export interface BenchReport {
  load: {
    ms: number;
    peakJsHeapBytes: number | null;
    gpuBytes: number | null;
    fromCache: boolean;
    why?: string;
  };
  image: { ms: number; tokens: number };
  ttft: { coldMs: number; preparedMs: number; warmMs: number; followUpMs: number };
  decode: {
    contextTokens: number;
    tokensPerSecond: number | null;
    dispatchesPerToken: number | null;
    /** All WebGPU calls of a token; absent if the model does not run on WebGPU. */
    callsPerToken?: GpuCalls;
    why?: string;
  }[];
  rollouts: { count: number; tokensPerSecond: number }[];
  device: DeviceReport;
}

export interface BenchPlan {
  load: Pick<LoadParams, 'backend' | 'activations'>;
  /** The image, with a URL on the session's server. */
  image: HarnessImage;
  contexts: readonly number[];
  rollouts: readonly number[];
}

/** The fields of a result line that are used here. */
interface Line {
  promptIds: number[];
  newIds: number[];
  text: string;
  imageGridThw: [number, number, number][];
  contextUsed: number;
  contextAvailable: number;
  timing: GenerateTiming;
  device: DeviceReport;
}

const DECODED_TOKENS = 24;
const FEW_TOKENS = 8;
const ROLLOUT_TOKENS = 32;
/** Figures are medians of this many runs, except for what happens only once. */
const REPEATS = 3;
/** Patches per image token. */
const MERGED_PATCHES = 4;
const QUESTION = 'What kind of image is this?';

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

const NO_DISPATCHES = { dispatchesPerToken: null, why: 'WebAssembly has no dispatches.' };

/**
 * Calls of one token, from two runs that differ in the number of tokens only.
 * @param counts before, between and after the runs
 * @param more number of tokens by which the second run is longer
 */
function perToken(
  counts: readonly [GpuCalls, GpuCalls, GpuCalls],
  more: number,
): Pick<BenchReport['decode'][number], 'dispatchesPerToken' | 'callsPerToken'> {
  const [start, between, end] = counts;
  const of = (name: keyof GpuCalls): number =>
    Math.round((100 * (end[name] - between[name] - (between[name] - start[name]))) / more) / 100;
  const callsPerToken: GpuCalls = {
    dispatches: of('dispatches'),
    passes: of('passes'),
    submits: of('submits'),
    maps: of('maps'),
    buffers: of('buffers'),
    bindGroups: of('bindGroups'),
    writes: of('writes'),
  };
  return { dispatchesPerToken: callsPerToken.dispatches, callsPerToken };
}

export class Bench {
  readonly #session: HarnessSession;
  readonly #instruments: Instruments;
  readonly #plan: BenchPlan;
  readonly #note: (message: string) => void;

  constructor(
    session: HarnessSession,
    instruments: Instruments,
    plan: BenchPlan,
    note: (message: string) => void,
  ) {
    this.#session = session;
    this.#instruments = instruments;
    this.#plan = plan;
    this.#note = note;
  }

  async run(): Promise<BenchReport> {
    this.#note('load');
    const { load, device, capacity } = await this.#load();
    this.#note('first token');
    const { image, ttft } = await this.#firstTokens();
    const decode = [];
    for (const context of this.#plan.contexts) {
      this.#note(`decode after ${context} tokens`);
      decode.push(await this.#decode(context, capacity, device.backend === 'webgpu'));
    }
    const rollouts = [];
    for (const count of this.#plan.rollouts) {
      this.#note(`${count} rollouts`);
      rollouts.push(await this.#rollouts(count));
    }
    return { load, image, ttft, decode, rollouts, device };
  }

  async #load(): Promise<{ load: BenchReport['load']; device: DeviceReport; capacity: number }> {
    this.#instruments.watchHeap();
    const { device, loadMs, fromCache, model } = await this.#session.load(this.#plan.load);
    const peakJsHeapBytes = await this.#instruments.stopHeap();
    const { peakGpuBytes } = await this.#instruments.counts();
    const missing = [
      peakJsHeapBytes === null ? 'The browser does not report its heap size.' : '',
      peakGpuBytes === 0 ? `${device.backend} uses no GPU memory.` : '',
    ].filter(Boolean);
    return {
      load: {
        ms: loadMs,
        peakJsHeapBytes,
        gpuBytes: peakGpuBytes || null,
        fromCache,
        ...(missing.length > 0 ? { why: missing.join(' ') } : {}),
      },
      device,
      capacity: model.text.maxPositionEmbeddings,
    };
  }

  /**
   * Cold: the very first question. Prepared: the image was dropped before. Warm: another conversation about the image.
   * Follow-up: a second question in it.
   */
  async #firstTokens(): Promise<Pick<BenchReport, 'image' | 'ttft'>> {
    const ask = (system: string, question = QUESTION): HarnessMessage[] => [
      { role: 'system', content: system },
      {
        role: 'user',
        content: [
          { type: 'image', image: this.#plan.image },
          { type: 'text', text: question },
        ],
      },
    ];
    const cold = await this.#generate(ask('You are a careful reader of images.'), FEW_TOKENS);
    const warm: Line[] = [];
    const prepared: Line[] = [];
    const followUps: Line[] = [];
    for (let run = 1; run <= REPEATS; run++) {
      // A different beginning each time, so that no part of the prompt is in the KV cache.
      const messages = ask(`Answer number ${run}, in few words.`);
      const line = await this.#generate(messages, FEW_TOKENS);
      warm.push(line);
      const other = `You have ${run} tries.`;
      await this.#session.prepare(this.#case(ask(other, ''), FEW_TOKENS));
      prepared.push(await this.#generate(ask(other), FEW_TOKENS));
      await this.#generate(messages, FEW_TOKENS);
      const answer: HarnessMessage = { role: 'assistant', content: line.text };
      followUps.push(
        await this.#generate([...messages, answer, { role: 'user', content: 'Why?' }], FEW_TOKENS),
      );
    }
    const middle = (lines: readonly Line[], of: (timing: GenerateTiming) => number): number =>
      median(lines.map(({ timing }) => of(timing)));
    return {
      image: {
        // Only the first question about an image decodes and encodes it.
        ms: cold.timing.imageMs + cold.timing.visionMs,
        tokens: cold.imageGridThw.reduce((sum, [t, h, w]) => sum + (t * h * w) / MERGED_PATCHES, 0),
      },
      ttft: {
        coldMs: cold.timing.ttftMs,
        preparedMs: middle(prepared, ({ ttftMs }) => ttftMs),
        warmMs: middle(warm, ({ ttftMs }) => ttftMs),
        followUpMs: middle(followUps, ({ ttftMs }) => ttftMs),
      },
    };
  }

  /** The prompt is in the KV cache in the measured runs, so that they differ only in the number of decoded tokens. */
  async #decode(context: number, capacity: number, onGpu: boolean): Promise<BenchReport['decode'][number]> {
    if (context + DECODED_TOKENS > capacity) {
      const why = `The model's context is limited to ${capacity} tokens.`;
      return { contextTokens: context, tokensPerSecond: null, dispatchesPerToken: null, why };
    }
    const messages = await this.#filler(context);
    await this.#generate(messages, FEW_TOKENS);
    const start = await this.#instruments.counts();
    const few = await this.#generate(messages, FEW_TOKENS);
    const between = await this.#instruments.counts();
    const many = await this.#generate(messages, DECODED_TOKENS);
    const end = await this.#instruments.counts();
    const more = many.newIds.length - few.newIds.length;
    const rates = [many.timing.decodeTokensPerSecond];
    while (rates.length < REPEATS) {
      const { timing } = await this.#generate(messages, DECODED_TOKENS);
      rates.push(timing.decodeTokensPerSecond);
    }
    return {
      contextTokens: many.promptIds.length,
      tokensPerSecond: median(rates),
      ...(onGpu ? perToken([start, between, end], more) : NO_DISPATCHES),
    };
  }

  /** A question with about `tokens` tokens. */
  async #filler(tokens: number): Promise<HarnessMessage[]> {
    const text = (words: number): HarnessMessage[] => [
      { role: 'user', content: `${'the lung is clear and '.repeat(words)}the heart is normal` },
    ];
    const [none, some] = [await this.#generate(text(0), 1), await this.#generate(text(10), 1)];
    const each = (some.promptIds.length - none.promptIds.length) / 10;
    return text(Math.max(0, Math.round((tokens - none.promptIds.length) / each)));
  }

  async #rollouts(count: number): Promise<BenchReport['rollouts'][number]> {
    if (count < 2) {
      const { timing } = await this.#generate(this.#question(), ROLLOUT_TOKENS);
      return { count, tokensPerSecond: timing.decodeTokensPerSecond };
    }
    const { decodeTokensPerSecond } = await this.#session.rollOut(
      this.#case(this.#question(), ROLLOUT_TOKENS),
      count,
    );
    return { count, tokensPerSecond: decodeTokensPerSecond };
  }

  #question(): HarnessMessage[] {
    return [
      {
        role: 'user',
        content: [
          { type: 'image', image: this.#plan.image },
          { type: 'text', text: QUESTION },
        ],
      },
    ];
  }

  #case(messages: HarnessMessage[], maxNewTokens: number): HarnessCase {
    const sampling = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1, ignoreEos: true };
    return { prompt: { messages }, settings: { maxNewTokens, ...sampling }, logits: 'none' };
  }

  async #generate(messages: HarnessMessage[], maxNewTokens: number): Promise<Line> {
    const { ok, json } = await this.#session.run(this.#case(messages, maxNewTokens));
    const line = JSON.parse(json) as Line & { error?: { code: 'internal'; message: string } };
    if (!ok || line.error) throw RoundsError.fromWire(line.error ?? { code: 'internal', message: json });
    return line;
  }
}
