/** `npm run rehearse -- 3b`: a full-size model the whole way, from a hub on loopback to an answer in a browser. */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { UsageError, type CommandContext } from '../command';
import { ProgressLine } from '../progressLine';
import { Rehearsal, STEPS, type Step } from '../rehearsal/rehearsal';
import { SCALES, type Scale } from '../rehearsal/shapes';
import { tableHead, tableRow } from '../rehearsal/table';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const BASE = join(PROJECT, 'models/goldens/vectors/checkpoints/qwen2_5_vl');
const IMAGE = join(PROJECT, 'models/goldens/vectors/images/disc.png');

const HELP = `Rehearses a model of full size: makes a checkpoint of its exact shapes with seeded weights, serves it like the hub,
converts it in a headless browser, closes that, opens it again, verifies, loads, and asks one question.

  npm run rehearse -- SCALE [options]

SCALE   ${SCALES.join(' or ')}: the shapes of Qwen2.5-VL-3B (7.5 GB are written), or a fiftieth of it

  --dir DIR                where checkpoint and browser profile go (default .cache/rehearsal)
  --layers N               only so many decoder layers and vision blocks
  --backend webgpu|wasm    where the model runs (default webgpu)
  --last STEP              stop after this step: ${STEPS.join(', ')}
  --keep                   leave DIR as it is at the end
  --help

Prints a table of time and peak memory on stdout. Without a GPU, 3b may take an hour and more.
`;

interface Arguments {
  scale: Scale;
  dir: string;
  layers: number | null;
  backend: 'webgpu' | 'wasm';
  last: Step;
  keep: boolean;
}

function parseArguments(argv: string[]): Arguments | 'help' {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      dir: { type: 'string', default: join(PROJECT, '.cache/rehearsal') },
      layers: { type: 'string' },
      backend: { type: 'string', default: 'webgpu' },
      last: { type: 'string', default: 'answer' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const [scale, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError('Give exactly one SCALE.');
  return {
    scale: oneOf('SCALE', scale, SCALES),
    dir: resolve(values.dir),
    layers: values.layers === undefined ? null : wholeNumber('--layers', values.layers),
    backend: oneOf('--backend', values.backend, ['webgpu', 'wasm'] as const),
    last: oneOf('--last', values.last, STEPS),
    keep: values.keep,
  };
}

function oneOf<T extends string>(what: string, value: string | undefined, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new UsageError(`${what} must be one of ${choices.join(', ')}.`);
  return found;
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new UsageError(`${option} must be a whole number above 0, not ${text}.`);
}

/** The command itself, on any streams. */
export async function rehearseCommand({ argv, signal, out, err }: CommandContext): Promise<void> {
  const args = parseArguments(argv);
  if (args === 'help') return out(HELP);
  const { keep, dir, ...options } = args;
  // Only what is in these two is ours to remove.
  const made = ['checkpoint', 'profile'].map((name) => join(dir, name));
  const line = new ProgressLine('In the library', err);
  const rehearsal = new Rehearsal({
    ...options,
    dir,
    base: BASE,
    image: IMAGE,
    signal,
    report: (message) => err(`${message}\n`),
    onProgress: (fraction, detail) => line.update(fraction, detail),
    onStep: (result) => {
      line.end();
      out(tableRow(result));
    },
  });
  out(tableHead());
  try {
    await rehearsal.run();
  } finally {
    line.end();
    if (!keep) for (const path of made) await rm(path, { recursive: true, force: true });
  }
}
