/** `npm run fuzz -- PARSER --inputs N`: tries a parser with broken inputs, in a process of its own. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError, type Command } from '../command';
import { PARSERS } from '../fuzz/parsers';
import { runParser, type FuzzReport } from '../fuzz/runParser';
import { PROJECT } from '../install.mjs';
import { oneOf, onlyArgument, wholeNumber } from '../options';

const NAMES = PARSERS.map(({ name }) => name);

const HELP = `Tries parsers with broken inputs: none may take more than 2 s or 1 GB, or fail without an error code.

  npm run fuzz -- PARSER --inputs N
  npm run fuzz -- --all --inputs N

  PARSER           ${NAMES.join(', ')}
  --all            every parser, one after another
  --inputs N       inputs for each parser (default 10000)
  --seed S         another number gives other inputs; the same gives the same ones (default 1)
  --minutes M      time for each parser, after which the rest of its inputs is left out (default 60)
  --help           show this help

Inputs that broke a parser are saved in .cache/fuzz/PARSER. Mend the parser, and keep the input in src/cli/fuzz/corpus/PARSER.
Exit status: 0 nothing found, 1 a parser is broken, 2 wrong usage.
`;

const MAX_INPUTS = 1_000_000_000;

interface Arguments {
  names: string[];
  inputs: number;
  seed: number;
  minutes: number;
}

function parseArguments(argv: string[]): Arguments | 'help' {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false },
      inputs: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '60' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  if (values.all && positionals.length > 0) throw new UsageError('Give PARSER or --all, not both.');
  return {
    names: values.all ? NAMES : [oneOf('PARSER', onlyArgument('PARSER', positionals), NAMES)],
    inputs: wholeNumber('--inputs', values.inputs, MAX_INPUTS),
    seed: wholeNumber('--seed', values.seed, MAX_INPUTS),
    minutes: wholeNumber('--minutes', values.minutes, 10_000),
  };
}

function describe(name: string, { tried, slowestMs, peakBytes, findings }: FuzzReport): string {
  const numbers = `slowest ${Math.round(slowestMs)} ms, ${Math.round(peakBytes / 1e6)} MB`;
  const found = findings.map((finding) => `  ${finding}\n`).join('');
  return `${name}: ${tried} inputs, ${numbers}, ${findings.length} found\n${found}`;
}

export const command: Command = async ({ argv, signal, out }) => {
  const args = parseArguments(argv);
  if (args === 'help') return out(HELP);
  let isSound = true;
  for (const parser of args.names) {
    const { seed, inputs, minutes } = args;
    const job = { parser, seed, from: 0, inputs, ms: minutes * 60_000 };
    const report = await runParser(job, join(PROJECT, '.cache/fuzz'), signal);
    out(describe(parser, report));
    isSound &&= report.findings.length === 0;
  }
  return isSound;
};
