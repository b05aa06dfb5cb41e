/** Runs reference cases through the app's own worker and compares every stage with its reference. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { runConversion } from '../../convert/convert';
import { planConversion } from '../../convert/plan';
import type { GenerateResult } from '../../shared/generation';
import type { HarnessCase, HarnessMessage } from '../../shared/harness';
import type { LoadParams } from '../../shared/protocol';
import { openFolderSink } from '../convert/folderSink';
import { openFolder } from '../convert/folderSource';
import { HarnessSession } from '../harnessSession';
import {
  compareFeatures,
  compareGreedy,
  compareLogits,
  comparePixels,
  comparePrompt,
  compareResized,
  type StageResult,
} from './compare';
import type { Activations } from './differences';
import type { GoldenCase, GoldenFolder } from './goldenFolder';
import { deviceName } from '../deviceName';

/** Decoders of lossy formats and blending differ by at most this many 8-bit levels. */
const DECODE_LEVELS = 2;
const LOSSY = /\.(jpe?g|webp)$|rgba/i;

export interface VerifyOptions extends Pick<LoadParams, 'backend'> {
  activations: Activations;
  /** Only cases whose CHECKPOINT/CASE contains this; image decoding is compared only if it is empty. */
  only: string;
  signal: AbortSignal;
  /** Messages for people: the device in use, errors of the page. */
  report: (message: string) => void;
  onResult: (name: string, result: StageResult) => void;
}

type TracedResult = GenerateResult & { trace: { pixelValues: string; imageFeatures: string } };
type Runner = Pick<HarnessSession, 'run'>;

/** The cases of each checkpoint whose names contain `only`; checkpoints without any are left out. */
export function chosenCases(folder: GoldenFolder, only: string): Map<string, string[]> {
  const { checkpoints, cases } = folder.manifest;
  const chosen = Object.keys(checkpoints).map((checkpoint): [string, string[]] => [
    checkpoint,
    cases.filter((name) => `${checkpoint}/${name}`.includes(only)),
  ]);
  return new Map(chosen.filter(([, names]) => names.length > 0));
}

/** @throws RoundsError if a checkpoint can't be converted or loaded */
export async function verifyFolder(folder: GoldenFolder, options: VerifyOptions): Promise<void> {
  let withDecoding = options.only === '';
  for (const [checkpoint, names] of chosenCases(folder, options.only)) {
    await withPack(folder.checkpointDir(checkpoint), async (pack) => {
      const { signal, report } = options;
      const session = await HarnessSession.open({ pack, files: imageMounts(folder), signal, report });
      try {
        if (withDecoding) await verifyDecoding(session, folder, options);
        withDecoding = false;
        const { backend, activations } = options;
        const { device } = await session.load({ backend, activations });
        report(`${checkpoint}: ${device.backend}, ${deviceName(device)}, ${device.activations}`);
        for (const name of names) {
          signal.throwIfAborted();
          await verifyCase(session, folder, checkpoint, name, options);
        }
      } finally {
        await session.close();
      }
    });
  }
}

/** Converts to a float32 pack, which is deleted after `use`. */
async function withPack(checkpoint: string, use: (pack: string) => Promise<void>): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'rounds-verify-'));
  try {
    const pack = join(parent, 'pack');
    const plan = await planConversion(await openFolder(checkpoint), { weights: 'f32', recipe: 'plain' });
    await runConversion(plan, await openFolderSink(pack, false));
    await use(pack);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

/** Image files under /images/, and as decoded by the reference under /rgb/. */
function imageMounts(folder: GoldenFolder): Record<string, string> {
  const mounts: Record<string, string> = {};
  for (const file of readdirSync(join(folder.path, 'images'))) {
    mounts[`/images/${file}`] = folder.imagePath(file);
    if (existsSync(folder.rgbPath(file))) mounts[`/rgb/${file}.png`] = folder.rgbPath(file);
  }
  return mounts;
}

/** Compares the app's decoder with the reference's pixels. */
export async function verifyDecoding(
  session: Pick<HarnessSession, 'decode'>,
  folder: GoldenFolder,
  { onResult }: Pick<VerifyOptions, 'onResult'>,
): Promise<void> {
  for (const file of Object.keys(folder.manifest.images)) {
    if (!existsSync(folder.rgbPath(file))) continue;
    const reference = decode(readFileSync(folder.rgbPath(file)));
    const { width, height, rgb } = await session.decode({ url: `/images/${file}`, name: file });
    const bytes = Buffer.from(rgb, 'base64');
    let levels = width === reference.width && height === reference.height ? 0 : Infinity;
    bytes.forEach((value, i) => (levels = Math.max(levels, Math.abs(value - (reference.data[i] ?? 0)))));
    const limit = LOSSY.test(file) ? DECODE_LEVELS : 0;
    onResult(`images/${file}`, {
      stage: 'decode',
      ok: levels <= limit,
      detail: `${levels} levels from the reference, ${limit} allowed`,
    });
  }
}

/** Runs one case and compares its stages. */
export async function verifyCase(
  session: Runner,
  folder: GoldenFolder,
  checkpoint: string,
  name: string,
  { activations, onResult }: Pick<VerifyOptions, 'activations' | 'onResult'>,
): Promise<void> {
  const golden = folder.case(checkpoint, name);
  const add = (result: StageResult): void => onResult(`${checkpoint}/${name}`, result);
  const line = await session.run(harnessCase(golden));
  if (!line.ok) return add({ stage: 'run', ok: false, detail: line.json });
  const result = JSON.parse(line.json) as TracedResult;
  add(comparePrompt(result, golden));
  if (golden.images.length > 0) {
    add(compareResized(result, golden, folder));
    const { pixelValues, imageFeatures } = result.trace;
    const { pixel_values: pixels, image_embeds: features } = golden;
    if (pixels) add(comparePixels(floats(pixelValues), pixels, folder));
    if (features) add(compareFeatures(floats(imageFeatures), features, folder, activations));
  }
  add(compareLogits(result, golden, folder, activations));
  add(compareGreedy(result, golden, activations));
}

/** The case with the images that the reference decoded, so that differences of decoders don't count in later stages. */
function harnessCase(golden: GoldenCase): HarnessCase {
  const messages = golden.messages.map(({ role, content }): HarnessMessage => {
    if (typeof content === 'string') return { role, content };
    const parts = content.map((part) => {
      if (part.type === 'text') return part;
      const file = part.image.split('/').pop() ?? '';
      return { type: 'image' as const, image: { url: `/rgb/${file}.png`, name: file } };
    });
    return { role, content: parts };
  });
  const forceIds = golden.greedy.token_ids;
  const settings = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1, ignoreEos: true };
  return {
    prompt: { messages },
    settings: { ...settings, maxNewTokens: forceIds.length },
    logits: 'last',
    forceIds,
    trace: true,
  };
}

function floats(base64: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
}
