/** `npm run -s bench -- --pack DIR`: measures how fast a pack runs on this machine in the page's own engine. */
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeReport } from '../bench/describe';
import { Instruments, PRECISE_MEMORY } from '../bench/instruments';
import { Bench, type BenchPlan, type BenchReport } from '../bench/measure';
import { benchShape } from '../bench/shape';
import type { MeasureParams } from '../../shared/protocol';
import { shapeTable } from '../../shared/shapeReport';
import { SHAPES } from '../../shared/shapes';
import { UsageError, type Command } from '../command';
import { HarnessSession } from '../harnessSession';
import { PROJECT } from '../install.mjs';
import {
  ACTIVATIONS,
  BACKENDS,
  existingFile,
  oneOf,
  packFolder,
  wholeNumber,
  wholeNumbers,
} from '../options';

const HELP = `Measures how fast a model pack runs in the page's own engine, in a headless browser.

  npm run -s bench -- --pack DIR [options]
  npm run -s bench -- --shape 3b [--minutes N] [--backend …] [--activations …] [--json]

  --pack DIR                    model pack made by convert
  --shape 3b|mini               instead of a pack: a model of this shape whose weights are made on the device, without a
                                download; measures single steps and prints a Markdown table with predictions
  --minutes N                   with --shape: time for all of it; what doesn't fit is left out (default 6)
  --json                        print one JSON object instead of a table
  --contexts N,N,…              context lengths in tokens for decoding (default 128,1024,4096)
  --rollouts N,N,…              numbers of rollouts of one prompt (default 1,8)
  --image FILE                  image for the questions (default: a sample of the page)
  --backend webgpu|wasm|auto    where the model runs (default webgpu)
  --activations f16|f32|auto    activation type (default auto: f16 if the GPU supports it)
  --help                        show this help

Every figure is measured in this run. A figure that can't be measured is null, with the reason in "why".
Other programs that run at the same time change the figures, so compare only figures from the same run.
`;

const IMAGE_PATH = 'bench-image';
const MAX_CONTEXT = 1_000_000;
const MAX_ROLLOUTS = 16;
const MAX_MINUTES = 600;

interface ShapeArguments {
  params: MeasureParams;
  json: boolean;
}

interface Arguments {
  pack: string;
  json: boolean;
  image: string;
  plan: BenchPlan;
}

function parseArguments(argv: string[]): Arguments | ShapeArguments | 'help' {
  const { values } = parseArgs({
    args: argv,
    options: {
      pack: { type: 'string' },
      shape: { type: 'string' },
      minutes: { type: 'string', default: '6' },
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
  const load = {
    backend: oneOf('--backend', values.backend, BACKENDS),
    activations: oneOf('--activations', values.activations, ACTIVATIONS),
  };
  if (values.shape !== undefined) {
    if (values.pack) throw new UsageError('Give --pack or --shape, not both.');
    const shape = oneOf('--shape', values.shape, SHAPES);
    const limitMs = wholeNumber('--minutes', values.minutes, MAX_MINUTES) * 60_000;
    return { params: { ...load, shape, limitMs }, json: values.json };
  }
  if (!values.pack) throw new UsageError('Give --pack DIR or --shape NAME.');
  const image = existingFile('image', values.image);
  return {
    pack: packFolder(values.pack),
    json: values.json,
    image,
    plan: {
      load,
      image: { url: IMAGE_PATH, name: basename(image) },
      contexts: wholeNumbers('--contexts', values.contexts, MAX_CONTEXT),
      rollouts: wholeNumbers('--rollouts', values.rollouts, MAX_ROLLOUTS),
    },
  };
}

/** Programs rely on these fields and no others. */
function asJson({ ttft, ...report }: BenchReport): object {
  const { coldMs, warmMs, followUpMs } = ttft;
  return { ...report, ttft: { coldMs, warmMs, followUpMs } };
}

export const command: Command = async ({ argv, out, err, signal }) => {
  const args = parseArguments(argv);
  if (args === 'help') return out(HELP);
  const instruments = new Instruments();
  if ('params' in args) {
    const report = await benchShape(args.params, { err, signal });
    return out(args.json ? `${JSON.stringify(report)}\n` : shapeTable(report.measured));
  }
  const session = await HarnessSession.open({
    pack: args.pack,
    files: { [`/${IMAGE_PATH}`]: args.image },
    signal,
    report: (message) => err(`${message}\n`),
    browserArguments: [PRECISE_MEMORY],
    onPage: (page) => instruments.attach(page),
  });
  try {
    const note = (step: string): void => err(`Measuring: ${step}\n`);
    const report = await new Bench(session, instruments, args.plan, note).run();
    out(args.json ? `${JSON.stringify(asJson(report))}\n` : describeReport(report));
  } finally {
    await session.close();
  }
};
