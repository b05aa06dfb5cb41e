/** `npm run -s verify -- DIR`: reference cases through the app's own worker, every stage against its limits. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { decode } from 'fast-png';
import { runConversion } from '../convert/convert';
import { openFolderSink } from './convert/folderSink';
import { openFolder } from './convert/folderSource';
import { planConversion } from '../convert/plan';
import type { HarnessCase, HarnessMessage } from '../shared/harness';
import type { GenerateResult } from '../shared/generation';
import type { LoadParams } from '../shared/protocol';
import {
  compareFeatures,
  compareGreedy,
  compareLogits,
  comparePixels,
  comparePrompt,
  compareResized,
  type Activations,
  type StageResult,
} from './compare';
import { runInProcess, UsageError } from './command';
import { deviceName } from './deviceName';
import { GoldenFolder, type GoldenCase } from './goldens';
import { HarnessSession } from './harnessSession';

const HELP = `Checks a folder of reference cases against the page's own worker and engine, float32 weights.

  npm run -s verify -- DIR [options]

  DIR                           a folder in the form of models/goldens/README.md
  --backend webgpu|wasm|auto    where the model runs (default auto: wasm where the GPU is a software one)
  --activations f16|f32         (default f32)
  --only SUBSTRING              only cases whose CHECKPOINT/CASE contains it
  --help

Prints a line for each case and stage. Exit status: 0 all within the limits, 1 not, 2 wrong usage.
`;

/** Blending and JPEG decoders differ by so many 8-bit levels at most. */
const DECODE_LEVELS = 2;
const LOSSY = /\.(jpe?g|webp)$|rgba/i;

interface Arguments extends Pick<LoadParams, 'backend'> {
  dir: string;
  activations: Activations;
  only: string;
}

type TracedResult = GenerateResult & { trace: { pixelValues: string; imageFeatures: string } };

function parseArguments(argv: string[]): Arguments | 'help' {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      backend: { type: 'string', default: 'auto' },
      activations: { type: 'string', default: 'f32' },
      only: { type: 'string', default: '' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const [dir, ...rest] = positionals;
  if (!dir || rest.length > 0) throw new UsageError('Give exactly one DIR.');
  if (!['webgpu', 'wasm', 'auto'].includes(values.backend))
    throw new UsageError('--backend must be webgpu, wasm or auto.');
  if (!['f16', 'f32'].includes(values.activations)) throw new UsageError('--activations must be f16 or f32.');
  return {
    dir: resolve(dir),
    only: values.only,
    backend: values.backend as Arguments['backend'],
    activations: values.activations as Activations,
  };
}

class Report {
  passed = 0;
  failed = 0;

  add(name: string, { stage, ok, detail }: StageResult): void {
    if (ok) this.passed++;
    else this.failed++;
    process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(36)} ${stage.padEnd(7)} ${detail}\n`);
  }
}

async function verify(args: Arguments, signal: AbortSignal): Promise<boolean> {
  const folder = new GoldenFolder(args.dir);
  const report = new Report();
  let withImages = true;
  for (const checkpoint of Object.keys(folder.manifest.checkpoints)) {
    const names = folder.manifest.cases.filter((name) => `${checkpoint}/${name}`.includes(args.only));
    if (names.length === 0) continue;
    await withPack(folder.checkpointDir(checkpoint), async (pack) => {
      const session = await HarnessSession.open({ pack, files: imageMounts(folder), signal });
      try {
        if (withImages && args.only === '') await verifyDecoding(session, folder, report);
        withImages = false;
        const info = await session.load(args);
        process.stderr.write(
          `${checkpoint}: ${info.device.backend}, ${deviceName(info.device)}, ${info.device.activations}\n`,
        );
        for (const name of names) {
          signal.throwIfAborted();
          await verifyCase(
            session,
            folder,
            folder.case(checkpoint, name),
            `${checkpoint}/${name}`,
            args.activations,
            report,
          );
        }
      } finally {
        await session.close();
      }
    });
  }
  if (report.passed + report.failed === 0) throw new UsageError(`No case contains "${args.only}".`);
  process.stdout.write(`${report.passed} within limits, ${report.failed} not\n`);
  return report.failed === 0;
}

/** Converts to a float32 pack that lives as long as `use` runs. */
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

/** Original files below /images/, the reference's decoded ones below /rgb/. */
function imageMounts(folder: GoldenFolder): Record<string, string> {
  const mounts: Record<string, string> = {};
  for (const file of readdirSync(join(folder.path, 'images'))) {
    mounts[`/images/${file}`] = folder.imagePath(file);
    if (existsSync(folder.rgbPath(file))) mounts[`/rgb/${file}.png`] = folder.rgbPath(file);
  }
  return mounts;
}

async function verifyDecoding(session: HarnessSession, folder: GoldenFolder, report: Report): Promise<void> {
  for (const file of Object.keys(folder.manifest.images)) {
    if (!existsSync(folder.rgbPath(file))) continue;
    const reference = decode(readFileSync(folder.rgbPath(file)));
    const { width, height, rgb } = await session.decode({ url: `/images/${file}`, name: file });
    const bytes = Buffer.from(rgb, 'base64');
    let levels = width === reference.width && height === reference.height ? 0 : Infinity;
    bytes.forEach((value, i) => (levels = Math.max(levels, Math.abs(value - (reference.data[i] ?? 0)))));
    const limit = LOSSY.test(file) ? DECODE_LEVELS : 0;
    report.add(`images/${file}`, {
      stage: 'decode',
      ok: levels <= limit,
      detail: `${levels} levels from the reference, ${limit} allowed`,
    });
  }
}

async function verifyCase(
  session: HarnessSession,
  folder: GoldenFolder,
  golden: GoldenCase,
  name: string,
  activations: Activations,
  report: Report,
): Promise<void> {
  const line = await session.run(harnessCase(golden));
  if (!line.ok) {
    report.add(name, { stage: 'run', ok: false, detail: line.json });
    return;
  }
  const result = JSON.parse(line.json) as TracedResult;
  report.add(name, comparePrompt(result, golden));
  if (golden.images.length > 0) {
    report.add(name, compareResized(result, golden, folder));
    const { pixelValues, imageFeatures } = result.trace;
    if (golden.pixel_values)
      report.add(name, comparePixels(floats(pixelValues), golden.pixel_values, folder));
    if (golden.image_embeds) {
      report.add(name, compareFeatures(floats(imageFeatures), golden.image_embeds, folder, activations));
    }
  }
  report.add(name, compareLogits(result, golden, folder, activations));
  report.add(name, compareGreedy(result, golden, activations));
}

/** The case with the reference's decoded images, so that resize and everything after is compared alone. */
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

await runInProcess(async ({ argv, out, signal }) => {
  const args = parseArguments(argv);
  if (args !== 'help') return verify(args, signal);
  out(HELP);
});
