/**
 * The page that the commands use: the app's workers and their typed clients, without an interface.
 * src/cli/harnessSession.ts opens it and calls `window.rounds`.
 */
import { EngineClient } from './app/clients/engineClient';
import { LibraryClient } from './app/clients/libraryClient';
import { RoundsError } from './shared/errors';
import { grade, type Grade } from './shared/grading';
import type { HarnessCase, HarnessImage, HarnessLine, HarnessMessage } from './shared/harness';
import type { JobState } from './shared/library';
import type {
  ChatMessage,
  ContentPart,
  GenerateResult,
  ImageInput,
  RolloutsParams,
} from './shared/generation';
import type { ModelInfo } from './shared/protocol';

const engine = new EngineClient();
const library = new LibraryClient();
let jobs: JobState[] = [];
library.onJobs((reported) => (jobs = reported));
let model: ModelInfo | null = null;

window.rounds = {
  load: async (params) => {
    const { pack } = params;
    const absolute = pack.kind === 'url' ? { ...pack, url: new URL(pack.url, document.baseURI).href } : pack;
    model = await engine.call('load', { ...params, pack: absolute }).catch(throwWithCode);
    return model;
  },
  run: async (job) => {
    try {
      return { ok: true, json: JSON.stringify(await runCase(job)) };
    } catch (thrown) {
      const { code, message } = RoundsError.from(thrown);
      return { ok: false, json: JSON.stringify({ error: { code, message } }) } satisfies HarnessLine;
    }
  },
  prepare: async (job) => {
    const { messages, imageLimits = [] } = await generateParams(job).catch(throwWithCode);
    return engine.call('prepare', { messages, imageLimits }).catch(throwWithCode);
  },
  rollOut: async (job, count) => {
    const request = await generateParams(job).catch(throwWithCode);
    const { rollouts, timing } = await engine.call('rollouts', { request, count }).catch(throwWithCode);
    const tokens = rollouts.reduce((sum, { newIds }) => sum + newIds.length, 0);
    return { tokens, decodeTokensPerSecond: timing.decodeTokensPerSecond };
  },
  measure: (params) => engine.call('measure', params).catch(throwWithCode),
  decode: async (image) => {
    const input = await fetchImage(image).catch(throwWithCode);
    const { width, height, rgba } = await engine.call('preview', { image: input }).catch(throwWithCode);
    return { width, height, rgb: base64(rgba.filter((_, i) => i % 4 !== 3)) };
  },
  library: (call, params) => library.call(call, params).catch(throwWithCode),
  jobs: () => jobs,
};

/** Only an error's message reaches the command line, not its class and fields. */
function throwWithCode(thrown: unknown): never {
  const { code, message } = RoundsError.from(thrown);
  throw new Error(JSON.stringify({ code, message }));
}

async function runCase(job: HarnessCase): Promise<Record<string, unknown>> {
  if (!model) throw new RoundsError('model_not_loaded', 'No model is loaded.');
  const result = await engine.call('generate', {
    ...(await generateParams(job)),
    logits: job.logits,
    ...(job.forceIds ? { forceIds: job.forceIds } : {}),
    ...(job.trace ? { trace: true } : {}),
  });
  return { ...resultLine(result, model), ...gradeField(job, result) };
}

async function generateParams({ prompt, settings, preset }: HarnessCase): Promise<RolloutsParams['request']> {
  return { messages: await Promise.all(prompt.messages.map(withImages)), settings, ...preset };
}

function gradeField({ grading }: HarnessCase, { text }: GenerateResult): { grade?: Grade } {
  return grading ? { grade: grade(grading.preset, text, grading.options, grading.key) } : {};
}

async function withImages({ role, content }: HarnessMessage): Promise<ChatMessage> {
  if (typeof content === 'string') return { role, content };
  const parts = content.map(async (part): Promise<ContentPart> =>
    part.type === 'text' ? part : { type: 'image', image: await fetchImage(part.image) },
  );
  return { role, content: await Promise.all(parts) };
}

/** As on the page, a file that is asked about again is the same Blob, and is not decoded again. */
const RECENT_FILES = 8;
const files = new Map<string, Blob>();

async function fetchImage({ url, ...image }: HarnessImage): Promise<ImageInput> {
  const blob = files.get(url) ?? (await fetchFile(url, image.name));
  files.delete(url);
  files.set(url, blob);
  const [oldest = ''] = files.keys();
  if (files.size > RECENT_FILES) files.delete(oldest);
  return { ...image, blob };
}

async function fetchFile(url: string, name: string): Promise<Blob> {
  const response = await fetch(url);
  if (!response.ok) throw new RoundsError('image_invalid', `${name} could not be read (${response.status}).`);
  return response.blob();
}

/** A result as JSON: typed arrays as lists, and the loaded model's device. */
function resultLine(result: GenerateResult, { device, loadMs }: ModelInfo): Record<string, unknown> {
  const { logits, timing, trace, ...rest } = result;
  return {
    ...rest,
    logits: logits.map((row) => Array.from(row)),
    timing: { loadMs, ...timing },
    device,
    ...(trace
      ? { trace: { pixelValues: floats64(trace.pixelValues), imageFeatures: floats64(trace.imageFeatures) } }
      : {}),
  };
}

function floats64(values: Float32Array): string {
  return base64(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

/** In pieces, because a call takes a limited number of arguments. */
function base64(bytes: Uint8Array | Uint8ClampedArray): string {
  const PIECE = 32768;
  let binary = '';
  for (let at = 0; at < bytes.length; at += PIECE) {
    binary += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  }
  return btoa(binary);
}
