/** The steps of a rehearsal: from making a checkpoint to an answer after a restart of the browser. */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runConversion } from '../../convert/convert';
import { openFolder } from '../convert/folderSource';
import { openWorkerPool } from '../convert/workerPool';
import { planConversion } from '../../convert/plan';
import { RoundsError } from '../../shared/errors';
import type { ModelOrigin, StoredModel } from '../../shared/library';
import { MAX_WHOLE_PARAMETERS } from '../../shared/pack';
import type { BackendName } from '../../shared/protocol';
import { DIST, ensureBuilt } from '../build.mjs';
import { deviceName } from '../deviceName';
import { serve, type RunningServer } from '../staticServer.mjs';
import { makeCheckpoint, type MadeCheckpoint } from './checkpoint';
import { openLoopbackHub, type LoopbackHub } from './loopbackHub';
import type { Scale } from './shapes';
import type { StepResult } from './table';
import { Visit } from './visit';

export const STEPS = ['make', 'convert', 'compare', 'reopen', 'verify', 'load', 'answer'] as const;
export type Step = (typeof STEPS)[number];

export interface RehearsalOptions {
  scale: Scale;
  /** The checkpoint and the browser profile go here, in folders of their own. */
  dir: string;
  /** Maximum number of decoder layers and vision blocks; null for all. */
  layers: number | null;
  backend: BackendName;
  /** The last step to run. */
  last: Step;
  /** Folder of a small checkpoint of the same family, for the tokenizer and special token ids. */
  base: string;
  /** Image file for the question. */
  image: string;
  signal: AbortSignal;
  /** Receives errors of the page. */
  report: (message: string) => void;
  onStep: (result: StepResult) => void;
  onProgress: (fraction: number, detail: string) => void;
}

const REPO = 'rehearsal/qwen2.5-vl';
const CHOICE = { weights: 'q4', recipe: 'best' } as const;
const PROGRESS_MS = 1_000;
const ANSWER_TOKENS = 4;

export class Rehearsal {
  readonly #options: RehearsalOptions;
  readonly #closers: (() => Promise<unknown>)[] = [];
  #checkpoint: MadeCheckpoint | null = null;
  #hub: LoopbackHub | null = null;
  #server: RunningServer | null = null;
  #visit: Visit | null = null;
  #model: StoredModel | null = null;

  constructor(options: RehearsalOptions) {
    this.#options = options;
  }

  /** Calls `onStep` after each step. @throws RoundsError of the step that failed */
  async run(): Promise<void> {
    const { last, signal } = this.#options;
    const work: Record<Step, () => Promise<string>> = {
      make: () => this.#make(),
      convert: () => this.#convert(),
      compare: () => this.#compare(),
      reopen: () => this.#reopen(),
      verify: () => this.#verify(),
      load: () => this.#load(),
      answer: () => this.#answer(),
    };
    await ensureBuilt();
    try {
      for (const step of STEPS.slice(0, STEPS.indexOf(last) + 1)) {
        signal.throwIfAborted();
        await this.#time(step, work[step]);
      }
    } finally {
      await this.#visit?.close().catch(() => undefined);
      for (const close of this.#closers.reverse()) await close();
    }
  }

  async #time(step: Step, work: () => Promise<string>): Promise<void> {
    this.#visit?.memory.reset();
    const started = performance.now();
    const timer = setInterval(() => void this.#showProgress(), PROGRESS_MS);
    try {
      const remark = await work();
      const seconds = (performance.now() - started) / 1000;
      const isOutside = step === 'make' || step === 'compare';
      const peaks = isOutside ? null : ((await this.#visit?.memory.peaks()) ?? null);
      this.#options.onStep({ step, seconds, peaks, remark });
    } finally {
      clearInterval(timer);
    }
  }

  async #showProgress(): Promise<void> {
    const progress = await this.#visit?.progress();
    if (progress) this.#options.onProgress(progress.fraction, progress.detail);
  }

  async #make(): Promise<string> {
    const { dir, base, scale, layers } = this.#options;
    this.#checkpoint = await makeCheckpoint(join(dir, 'checkpoint'), base, scale, layers);
    return `${gigabytes(this.#checkpoint.weightBytes)} of bfloat16`;
  }

  async #convert(): Promise<string> {
    const { folder, files, weightBytes } = this.#need(this.#checkpoint);
    this.#hub = await openLoopbackHub(REPO, folder, files);
    this.#closers.push(() => this.#need(this.#hub).close());
    this.#server = await serve({ root: DIST, mounts: { '/case/image.png': this.#options.image } });
    this.#closers.push(() => this.#need(this.#server).close());
    await rm(this.#profile, { recursive: true, force: true });
    await this.#open();
    const origin: ModelOrigin = {
      kind: 'hub',
      repo: REPO,
      revision: 'main',
      endpoint: this.#hub.endpoint,
      ...CHOICE,
    };
    const started = performance.now();
    this.#model = await this.#need(this.#visit).library('add', { origin });
    const rate = weightBytes / 1e6 / ((performance.now() - started) / 1000);
    const { totalBytes, shards } = this.#model;
    const sent = (this.#hub.sentBytes / weightBytes).toFixed(3);
    return `${gigabytes(totalBytes)} in ${shards} shards at ${rate.toFixed(0)} MB/s of bfloat16; ${sent} of the checkpoint was read`;
  }

  /** Converts the checkpoint in Node too. The manifest contains the hash of every shard, so comparing its hash is enough. */
  async #compare(): Promise<string> {
    const { parameters, name, source, packHash } = this.#need(this.#model);
    if (parameters <= MAX_WHOLE_PARAMETERS)
      return 'not compared: the page also adds known answers to a pack this small';
    const plan = await planConversion(await openFolder(this.#need(this.#checkpoint).folder), CHOICE);
    const pool = openWorkerPool(2);
    let text = '';
    const sink = {
      writeShard: () => Promise.resolve(),
      writeManifest: async (json: string) => {
        text = json;
      },
      abort: () => Promise.resolve(),
    };
    try {
      await runConversion({ ...plan, name, source }, sink, {
        quantizer: pool.quantizer,
        concurrency: 3,
      });
    } finally {
      await pool.close();
    }
    const hash = createHash('sha256').update(text).digest('hex');
    if (hash !== packHash) {
      throw new RoundsError(
        'integrity_mismatch',
        'The page and the command line made different packs from the same checkpoint.',
      );
    }
    return 'the command line makes the same pack';
  }

  async #reopen(): Promise<string> {
    await this.#need(this.#visit).close();
    await this.#need(this.#hub).close();
    await this.#open();
    const { models } = await this.#need(this.#visit).library('list', {});
    const stored = models.find(({ id }) => id === this.#model?.id);
    if (!stored?.complete)
      throw new RoundsError('storage_failed', 'The stored model is missing after the browser was restarted.');
    return 'the hub is closed from now on';
  }

  async #verify(): Promise<string> {
    const { intact, damaged } = await this.#need(this.#visit).library('verify', {
      modelId: this.#need(this.#model).id,
    });
    if (damaged.length > 0)
      throw new RoundsError('integrity_mismatch', `${damaged.length} of the stored shards are damaged.`);
    return `${intact} shards intact`;
  }

  async #load(): Promise<string> {
    const { device, parameters } = await this.#need(this.#visit).load({
      pack: { kind: 'stored', id: this.#need(this.#model).id },
      backend: this.#options.backend,
      activations: 'auto',
    });
    return `${(parameters / 1e6).toFixed(0)} million weights on ${deviceName(device)}`;
  }

  async #answer(): Promise<string> {
    const { ok, json } = await this.#need(this.#visit).run({
      prompt: {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image', image: { url: 'case/image.png', name: 'image.png' } },
              { type: 'text', text: 'What is shown?' },
            ],
          },
        ],
      },
      settings: {
        maxNewTokens: ANSWER_TOKENS,
        temperature: 0,
        topP: 1,
        topK: 0,
        repetitionPenalty: 1,
        seed: 1,
        ignoreEos: true,
      },
      logits: 'last',
    });
    if (!ok) throw new RoundsError('internal', json);
    const { newIds, promptIds, logits } = JSON.parse(json) as AnswerLine;
    if (!logits.flat().every(Number.isFinite))
      throw new RoundsError('internal', 'The answer has logits that are not finite.');
    return `${promptIds.length} prompt tokens, answer ids ${newIds.join(' ')}`;
  }

  get #profile(): string {
    return join(this.#options.dir, 'profile');
  }

  async #open(): Promise<void> {
    this.#visit = await Visit.open(this.#profile, this.#need(this.#server).url, this.#options.report);
  }

  #need<T>(value: T | null): T {
    if (value === null) throw new RoundsError('internal', 'A step of the rehearsal was skipped.');
    return value;
  }
}

interface AnswerLine {
  newIds: number[];
  promptIds: number[];
  logits: number[][];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
