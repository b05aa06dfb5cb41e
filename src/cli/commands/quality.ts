/** `npm run -s quality -- SRC --case FILE`: measures what quantization costs. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError, type Command, type CommandContext } from '../command';
import { readCalibration } from '../convert/calibrationFile';
import { existingFile, onlyArgument, wholeNumber } from '../options';
import type { QualityFigures, Variant } from '../quality/measure';

const HELP = `Measures what quantization costs, compared with float32 on the same weights.

  npm run -s quality -- SRC --case FILE [options]

  SRC                   checkpoint folder, small enough to run in float32 on the CPU
  --case FILE           cases in the format of infer; images must be PNG or DICOM
  --tokens N            greedy tokens after each prompt (default 24)
  --calibration FILE    also measure q4 best with this file (see npm run -s convert -- --help)
  --json                print one JSON object per recipe instead of a table
  --help                show this help

For each recipe: mean KL(float32 || recipe) in nats over all positions of prompts and answers, the share of
positions with the same most probable token, and the size of the pack.
`;

const MAX_TOKENS = 100_000;

interface Arguments {
  checkpoint: string;
  caseFile: string;
  calibration: string | null;
  tokens: number;
  json: boolean;
}

function parseArguments(argv: string[]): Arguments | 'help' {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      case: { type: 'string' },
      calibration: { type: 'string' },
      tokens: { type: 'string', default: '24' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const checkpoint = onlyArgument('SRC', positionals);
  if (!values.case) throw new UsageError('Give --case FILE.');
  return {
    checkpoint: resolve(checkpoint),
    caseFile: existingFile('case file', values.case),
    calibration: values.calibration ?? null,
    tokens: wholeNumber('--tokens', values.tokens, MAX_TOKENS),
    json: values.json,
  };
}

async function quality(args: Arguments, { out, signal }: CommandContext): Promise<void> {
  // Imported late: they load onnxruntime and the image decoders, which --help and early errors don't need.
  const { readEvaluationCases } = await import('../quality/evaluationCases');
  const { measureQuality, VARIANTS } = await import('../quality/measure');
  const cases = await readEvaluationCases(args.caseFile);
  const variants: Variant[] = [...VARIANTS];
  if (args.calibration !== null) {
    variants.push({ weights: 'q4', recipe: 'best', calibration: await readCalibration(args.calibration) });
  }
  await measureQuality(args.checkpoint, cases, { tokens: args.tokens, variants, signal }, (figures) => {
    out(args.json ? `${JSON.stringify(figures)}\n` : describeFigures(figures));
  });
}

function describeFigures(figures: QualityFigures): string {
  const { weights, recipe, isCalibrated, meanKl, top1, positions, bytes } = figures;
  const name = `${weights} ${isCalibrated ? 'calibrated' : recipe}`;
  const share = (100 * top1).toFixed(2);
  return `${name.padEnd(13)} KL ${meanKl.toFixed(5)}  top-1 ${share} %  ${bytes} bytes  (${positions} positions)\n`;
}

export const command: Command = async (context) => {
  const args = parseArguments(context.argv);
  if (args === 'help') context.out(HELP);
  else await quality(args, context);
};
