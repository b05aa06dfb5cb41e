/** `npm run -s convert -- SRC --out DIR`: a model pack from a Hugging Face checkpoint. */
import { availableParallelism } from 'node:os';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { parseCalibration } from '../convert/calibration';
import type { Calibration } from '../convert/choice';
import { runConversion } from '../convert/convert';
import { describePack, describeTensors, formatBytes } from '../convert/describe';
import { openHub, parseHubName } from '../convert/hubSource';
import { checkTarget, openFolderSink } from './convert/folderSink';
import { openFolder } from './convert/folderSource';
import { openWorkerPool } from './convert/workerPool';
import { planConversion, type ConversionPlan } from '../convert/plan';
import type { CheckpointSource } from '../convert/source';
import { SHARD_BYTES, type RecipeOption, type WeightsOption } from '../shared/pack';
import { RoundsError } from '../shared/errors';
import { oneOf, UsageError, type CommandContext } from './command';
import { ProgressLine } from './progressLine';

const HELP = `Makes a model pack from a Hugging Face checkpoint of the Qwen2.5-VL or Qwen2-VL architecture.

  npm run -s convert -- SRC --out DIR [options]

SRC   a local folder, or org/name[@revision] on the hub (HF_ENDPOINT and HF_TOKEN as usual)

  --out DIR                  where the pack goes; appears only when it is complete
  --weights q4|q8|f16|f32    type of the weights (default q4)
  --recipe plain|best        plain: round to nearest with absmax scales throughout;
                             best: searched scales, 8-bit embedding and head (default best)
  --calibration FILE         how much each input of a linear layer counts in the search of
                             scales (models/calibrate.py makes such a file); q4 best only
  --dry-run                  print the plan and stop
  --overwrite                replace a pack at DIR
  --jobs N                   threads (default: as many as there are processors, at most 8)
  --help

Progress goes to stderr. Exit status: 0 done, 1 failed, 2 wrong usage.
`;

const MAX_JOBS = 64;

interface Arguments {
  src: string;
  out: string | null;
  weights: WeightsOption;
  recipe: RecipeOption;
  calibration: string | null;
  dryRun: boolean;
  overwrite: boolean;
  jobs: number;
}

function parseArguments(argv: string[]): Arguments | 'help' {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      weights: { type: 'string', default: 'q4' },
      recipe: { type: 'string', default: 'best' },
      calibration: { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
      overwrite: { type: 'boolean', default: false },
      jobs: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const [src, ...rest] = positionals;
  if (!src || rest.length > 0) throw new UsageError('Give exactly one SRC.');
  if (!values.out && !values['dry-run']) throw new UsageError('Give --out DIR, or --dry-run.');
  return {
    src,
    out: values.out ?? null,
    weights: oneOf('--weights', values.weights, ['q4', 'q8', 'f16', 'f32']),
    recipe: oneOf('--recipe', values.recipe, ['plain', 'best']),
    calibration: values.calibration ?? null,
    dryRun: values['dry-run'],
    overwrite: values.overwrite,
    jobs: values.jobs === undefined ? Math.min(8, availableParallelism()) : parseJobs(values.jobs),
  };
}

function parseJobs(value: string): number {
  const jobs = Number(value);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > MAX_JOBS) {
    throw new UsageError(`--jobs must be a whole number from 1 to ${MAX_JOBS}, not ${value}.`);
  }
  return jobs;
}

/** A folder wins over a hub name: `org/name` may be both. */
async function openSource(src: string, signal: AbortSignal): Promise<CheckpointSource> {
  const hubName = existsSync(src) ? null : parseHubName(src);
  if (hubName === null) return openFolder(src);
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token } = process.env;
  return openHub(hubName, { ...(endpoint ? { endpoint } : {}), ...(token ? { token } : {}), signal });
}

async function readCalibration(path: string): Promise<Calibration> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new RoundsError('file_invalid', `${path} can’t be read.`, { cause });
  });
  return parseCalibration(new Uint8Array(bytes), path);
}

function describePlan(plan: ConversionPlan): string {
  const tensors = plan.tensors.map(({ tensor }) => tensor);
  const shards = Math.ceil(plan.totalBytes / SHARD_BYTES);
  return [
    ...describePack({ ...plan, tensors, files: plan.files.map(({ name }) => name) }),
    ...plan.source.files.map(({ name, size }) => `  reads    ${name}, ${formatBytes(size)}`),
    `  writes   ${shards} ${shards === 1 ? 'shard' : 'shards'}, ${plan.totalBytes} bytes`,
    ...describeTensors(tensors),
    '',
  ].join('\n');
}

/** The command itself, on any streams. */
export async function convertCommand(context: CommandContext): Promise<void> {
  const args = parseArguments(context.argv);
  if (args === 'help') context.out(HELP);
  else await convert(args, context);
}

async function convert(args: Arguments, { signal, out, err }: CommandContext): Promise<void> {
  if (args.out !== null) await checkTarget(args.out, args.overwrite);
  const source = await openSource(args.src, signal);
  const { weights, recipe } = args;
  const calibration = args.calibration === null ? null : await readCalibration(args.calibration);
  const plan = await planConversion(source, { weights, recipe, calibration });
  if (args.dryRun || args.out === null) {
    out(describePlan(plan));
    return;
  }
  // Loaded only now: it brings onnxruntime along, which a refusal or --help should not wait for.
  const { addKnownAnswers } = await import('./knownAnswers');
  const sink = await openFolderSink(args.out, args.overwrite);
  const pool = args.jobs > 1 ? openWorkerPool(args.jobs) : null;
  const line = new ProgressLine('Converting', err);
  const started = performance.now();
  try {
    await runConversion(plan, sink, {
      // One job more than there are threads is being read while they all work.
      concurrency: args.jobs + 1,
      ...(pool ? { quantizer: pool.quantizer } : {}),
      complete: (manifest) => addKnownAnswers(manifest, sink.folder),
      signal,
      onProgress: ({ doneBytes, totalBytes, tensor }) => line.update(doneBytes / totalBytes, tensor),
    });
  } finally {
    line.end();
    await pool?.close();
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  err(`Wrote ${formatBytes(plan.totalBytes)} to ${args.out} in ${seconds} s.\n`);
}
