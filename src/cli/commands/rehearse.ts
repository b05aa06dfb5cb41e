/** `npm run rehearse -- 3b`: takes a full-size model all the way from a local hub to an answer in a browser. */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Command } from '../command';
import { PROJECT } from '../install.mjs';
import { oneOf, onlyArgument, wholeNumber } from '../options';
import { ProgressLine } from '../progressLine';
import { Rehearsal, STEPS, type Step } from '../rehearsal/rehearsal';
import { SCALES, type Scale } from '../rehearsal/shapes';
import { tableHead, tableRow } from '../rehearsal/table';

const BASE = join(PROJECT, 'models/goldens/vectors/checkpoints/qwen2_5_vl');
const IMAGE = join(PROJECT, 'models/goldens/vectors/images/disc.png');

const HELP = `Tests a full-size model from download to answer. Makes a checkpoint with the real shapes and seeded random weights,
serves it from a local hub, converts it in a headless browser, restarts the browser, verifies and loads the
model, and asks one question.

  npm run rehearse -- SCALE [options]

  SCALE                    ${SCALES.join(' or ')}: the shapes of Qwen2.5-VL-3B (writes 7.5 GB), or about 1/50 of its weights

  --dir DIR                folder for the checkpoint and the browser profile (default .cache/rehearsal)
  --layers N               use only the first N decoder layers and vision blocks
  --backend webgpu|wasm    where the model runs (default webgpu)
  --last STEP              stop after this step: ${STEPS.join(', ')}
  --keep                   keep the checkpoint and the browser profile
  --help                   show this help

Prints a table of times and peak memory to stdout. Without a GPU, 3b can take more than an hour.
`;

const MAX_LAYERS = 1000;

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
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    scale: oneOf('SCALE', onlyArgument('SCALE', positionals), SCALES),
    dir: resolve(values.dir),
    layers: values.layers === undefined ? null : wholeNumber('--layers', values.layers, MAX_LAYERS),
    backend: oneOf('--backend', values.backend, ['webgpu', 'wasm'] as const),
    last: oneOf('--last', values.last, STEPS),
    keep: values.keep,
  };
}

export const command: Command = async ({ argv, signal, out, err }) => {
  const args = parseArguments(argv);
  if (args === 'help') return out(HELP);
  const { keep, dir, ...options } = args;
  // --dir may contain other files, so only these two are removed.
  const made = ['checkpoint', 'profile'].map((name) => join(dir, name));
  const line = new ProgressLine('Progress', err);
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
};
