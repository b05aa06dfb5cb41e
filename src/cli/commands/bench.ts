/** `npm run -s bench -- --pack DIR`: how fast a pack runs here, in the page's own engine. */
import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MANIFEST_FILE } from '../../shared/pack';
import { oneOf, UsageError, type Command } from '../command';
import { HarnessSession } from '../harnessSession';
import { PROJECT } from '../install.mjs';
import { describeReport } from '../bench/describe';
import { Instruments, PRECISE_MEMORY } from '../bench/instruments';
import { Bench, type BenchPlan } from '../bench/measure';

const HELP = `Measures how fast a pack runs in the page's own engine, in a headless browser.

  npm run -s bench -- --pack DIR [options]

  --pack DIR                    a model pack, as convert makes it
  --json                        one JSON object instead of a table
  --contexts N,N,…              tokens of context to decode behind (default 128,1024,4096)
  --rollouts N,N,…              rollouts of one prompt (default 1,8)
  --image FILE                  (default: a sample of the page)
  --backend webgpu|wasm|auto    where the model runs (default webgpu)
  --activations f16|f32|auto    (default auto: f16 where the GPU has it)
  --help

Every figure is measured in this run; one that can't be is null, and "why" says the reason. Other programs that run
at the same time change the figures: compare only figures of one run.
`;

const IMAGE_PATH = 'bench-image';
const MAX_ROLLOUTS = 16;

interface Arguments {
  pack: string;
  json: boolean;
  image: string;
  plan: BenchPlan;
}

function parseArguments(argv: string[]): Arguments | 'help' {
  const { values } = parseArgs({
    args: argv,
    options: {
      pack: { type: 'string' },
      json: { type: 'boolean', default: false },
      contexts: { type: 'string', default: '128,1024,4096' },
      rollouts: { type: 'string', default: '1,8' },
      image: { type: 'string', default: join(PROJECT, 'public/samples/head-ct.png') },
      backend: { type: 'string', default: 'webgpu' },
      activations: { type: 'string', default: 'auto' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  if (!values.pack) throw new UsageError('Give --pack DIR.');
  const pack = resolve(values.pack);
  const image = resolve(values.image);
  if (!isFile(join(pack, MANIFEST_FILE)))
    throw new UsageError(`${pack} is not a pack: it has no ${MANIFEST_FILE}.`);
  if (!isFile(image)) throw new UsageError(`There is no image ${image}.`);
  return {
    pack,
    json: values.json,
    image,
    plan: {
      load: {
        backend: oneOf('--backend', values.backend, ['webgpu', 'wasm', 'auto'] as const),
        activations: oneOf('--activations', values.activations, ['f16', 'f32', 'auto'] as const),
      },
      image: { url: IMAGE_PATH, name: basename(image) },
      contexts: numbers('--contexts', values.contexts, 1_000_000),
      rollouts: numbers('--rollouts', values.rollouts, MAX_ROLLOUTS),
    },
  };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function numbers(option: string, value: string, max: number): number[] {
  const list = value.split(',').map(Number);
  if (!list.every((number) => Number.isInteger(number) && number >= 1 && number <= max)) {
    throw new UsageError(
      `${option} must be whole numbers from 1 to ${max}, with commas between, not ${value}.`,
    );
  }
  return list;
}

/** The command itself, on any streams. */
export const benchCommand: Command = async ({ argv, out, err, signal }) => {
  const args = parseArguments(argv);
  if (args === 'help') {
    out(HELP);
    return;
  }
  const instruments = new Instruments();
  const session = await HarnessSession.open({
    pack: args.pack,
    files: { [`/${IMAGE_PATH}`]: args.image },
    signal,
    browserArguments: [PRECISE_MEMORY],
    onPage: (page) => instruments.attach(page),
  });
  try {
    const note = (step: string): void => err(`Measuring: ${step}\n`);
    const report = await new Bench(session, instruments, args.plan, note).run();
    out(args.json ? `${JSON.stringify(report)}\n` : describeReport(report));
  } finally {
    await session.close();
  }
};
