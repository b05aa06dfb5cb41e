/** `npm run -s convert -- SRC --out DIR`: converts a Hugging Face checkpoint to a model pack. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runConversion } from '../../convert/convert';
import { describePack, describeTensors, formatBytes } from '../../convert/describe';
import { openHub } from '../../convert/hubSource';
import { planConversion, type ConversionPlan } from '../../convert/plan';
import type { CheckpointSource } from '../../convert/source';
import { parseHubName, parseHubPage, type HubName } from '../../shared/hubName';
import { SHARD_BYTES, type RecipeOption, type WeightsOption } from '../../shared/pack';
import { plannedTrialFiles, tryModel } from '../../runtime/trial/tryModel';
import { UsageError, type Command, type CommandContext } from '../command';
import { readCalibration } from '../convert/calibrationFile';
import { checkTarget, openFolderSink } from '../convert/folderSink';
import { openFolder } from '../convert/folderSource';
import { startTrialThread } from '../convert/trialThread';
import { openWorkerPool } from '../convert/workerPool';
import { oneOf, onlyArgument, wholeNumber } from '../options';
import { ProgressLine } from '../progressLine';

const HELP = `Converts a Hugging Face checkpoint (Qwen2.5-VL or Qwen2-VL) to a model pack.

  npm run -s convert -- SRC --out DIR [options]

  SRC                        a local folder, or a model on the Hugging Face Hub:
                             org/name[/folder][@revision], or the address of its page
                             (HF_ENDPOINT and HF_TOKEN are used if they are set)

  --out DIR                  folder for the pack; it appears only once the pack is complete
  --weights q4|q8|f16|f32    weight type (default q4)
  --recipe plain|best        plain: round to nearest with absmax scales
                             best: searched scales, 8-bit embedding and head (default)
  --calibration FILE         input statistics for the scale search, made by models/calibrate.py
                             (only with q4 and best)
  --dry-run                  print the plan without converting
  --overwrite                replace an existing pack at DIR
  --jobs N                   number of threads (default: one per processor, at most 8)
  --help                     show this help

Progress is printed to stderr. Exit status: 0 success, 1 failure, 2 wrong usage.
`;

const DEFAULT_HUB = 'https://huggingface.co';
const MAX_JOBS = 64;
/** At most, unless --jobs says otherwise. */
const DEFAULT_JOBS = 8;

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
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const src = onlyArgument('SRC', positionals);
  if (!values.out && !values['dry-run']) throw new UsageError('Give --out DIR, or --dry-run.');
  return {
    src,
    out: values.out ?? null,
    weights: oneOf('--weights', values.weights, ['q4', 'q8', 'f16', 'f32']),
    recipe: oneOf('--recipe', values.recipe, ['plain', 'best']),
    calibration: values.calibration ?? null,
    dryRun: values['dry-run'],
    overwrite: values.overwrite,
    jobs:
      values.jobs === undefined
        ? Math.min(DEFAULT_JOBS, availableParallelism())
        : wholeNumber('--jobs', values.jobs, MAX_JOBS),
  };
}

/** `org/name` may be a local folder or a name on the Hub; the folder takes precedence. */
async function openSource(src: string, signal: AbortSignal): Promise<CheckpointSource> {
  const { HF_ENDPOINT: endpoint = DEFAULT_HUB, HF_TOKEN: token } = process.env;
  const hubName = existsSync(src) ? null : parseSource(src, endpoint || DEFAULT_HUB);
  if (hubName === null) return openFolder(src);
  return openHub(hubName, { endpoint: endpoint || DEFAULT_HUB, ...(token ? { token } : {}), signal });
}

/** A name, or a page of the hub in use or of the default one, whose models a mirror has under the same names. */
function parseSource(src: string, endpoint: string): HubName | null {
  if (!URL.canParse(src)) return parseHubName(src);
  const url = new URL(src);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  for (const hub of [endpoint, DEFAULT_HUB]) {
    if (!URL.canParse(hub) || new URL(hub).origin !== url.origin) continue;
    const name = parseHubPage(url.pathname, new URL(hub).pathname);
    if (name) return name;
  }
  throw new UsageError(
    `${src} is not the page of a model on ${endpoint}. Give org/name, or set HF_ENDPOINT.`,
  );
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

function defaultLimitsNote({ imageProcessor }: ConversionPlan): string {
  return (
    'Note: the checkpoint does not state both limits of the number of pixels of an image. Those of transformers are used: ' +
    `${imageProcessor.minPixels} to ${imageProcessor.maxPixels}.`
  );
}

export const command: Command = async (context) => {
  const args = parseArguments(context.argv);
  if (args === 'help') context.out(HELP);
  else await convert(args, context);
};

async function convert(args: Arguments, { signal, out, err }: CommandContext): Promise<void> {
  if (args.out !== null) await checkTarget(args.out, args.overwrite);
  const source = await openSource(args.src, signal);
  const { weights, recipe } = args;
  const calibration = args.calibration === null ? null : await readCalibration(args.calibration);
  const plan = await planConversion(source, { weights, recipe, calibration });
  const files = plannedTrialFiles(plan.files);
  if (files) await tryModel(plan.name, files, startTrialThread, signal);
  if (plan.usesDefaultLimits) err(`${defaultLimitsNote(plan)}\n`);
  if (args.dryRun || args.out === null) {
    out(describePlan(plan));
    return;
  }
  // Imported late: it loads onnxruntime, which --help and early errors don't need.
  const { addKnownAnswers } = await import('../convert/knownAnswers');
  const sink = await openFolderSink(args.out, args.overwrite);
  const pool = args.jobs > 1 ? openWorkerPool(args.jobs) : null;
  const line = new ProgressLine('Converting', err);
  const started = performance.now();
  try {
    await runConversion(plan, sink, {
      // One more than there are threads: the next tensor is read while all threads work.
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
