/** `npm run -s verify -- DIR`: compares every stage of the app with reference results. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { LoadParams } from '../../shared/protocol';
import { UsageError, type Command, type CommandContext } from '../command';
import { BACKENDS, oneOf, onlyArgument } from '../options';
import type { Activations } from '../verify/differences';
import { GoldenFolder } from '../verify/goldenFolder';
import { chosenCases, verifyFolder } from '../verify/verifyFolder';

const HELP = `Compares every stage of the page's worker and engine with reference results, with float32 weights.

  npm run -s verify -- DIR [options]

  DIR                           folder of reference cases (format: models/goldens/README.md)
  --backend webgpu|wasm|auto    where the model runs (default auto: wasm if the only GPU is a software one)
  --activations f16|f32         activation type (default f32)
  --only SUBSTRING              run only cases whose CHECKPOINT/CASE contains SUBSTRING
  --help                        show this help

Prints one line per case and stage. Exit status: 0 all within the limits, 1 some not, 2 wrong usage.
`;

interface Arguments extends Pick<LoadParams, 'backend'> {
  dir: string;
  activations: Activations;
  only: string;
}

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
  return {
    dir: resolve(onlyArgument('DIR', positionals)),
    only: values.only,
    backend: oneOf('--backend', values.backend, BACKENDS),
    activations: oneOf('--activations', values.activations, ['f16', 'f32']),
  };
}

async function verify(args: Arguments, { out, err, signal }: CommandContext): Promise<boolean> {
  const folder = new GoldenFolder(args.dir);
  if (chosenCases(folder, args.only).size === 0) throw new UsageError(`No case contains "${args.only}".`);
  let passed = 0;
  let failed = 0;
  await verifyFolder(folder, {
    ...args,
    signal,
    report: (message) => err(`${message}\n`),
    onResult: (name, { stage, ok, detail }) => {
      if (ok) passed++;
      else failed++;
      out(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(36)} ${stage.padEnd(7)} ${detail}\n`);
    },
  });
  out(`${passed} within limits, ${failed} not\n`);
  return failed === 0;
}

export const command: Command = async (context) => {
  const args = parseArguments(context.argv);
  if (args === 'help') return context.out(HELP);
  return verify(args, context);
};
