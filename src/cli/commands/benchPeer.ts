/** `npm run bench:peer`: compares the app's engine with other engines in the same browser. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError, type Command } from '../command';
import { PROJECT } from '../install.mjs';
import { existingFile, oneOf, wholeNumber } from '../options';
import { describeComparison } from '../peer/describe';
import { MODELS, prepareModel, type PeerModel } from '../peer/models';
import { compareEngines, type Comparison } from '../peer/run';

const HELP = `Compares the app's engine with stock @huggingface/transformers (WebGPU and WebAssembly) and @wllama/wllama (WebAssembly):
the same weights and prompt, in the same browser, in turn.

  npm run bench:peer -- [options]

  --model ${MODELS.join('|')}     the embedded model (default); SmolLM2-135M-Instruct (text; needs Python with
                            models/peers/requirements.txt); a seeded model with 150 million parameters
  --backend wasm|webgpu     where the engines run (default: both for mini, else wasm)
  --kind text|image         a question without or about an image (default: both; 135m has text only)
  --rounds N                timed rounds (default 5)
  --tokens N                tokens to decode (default 32)
  --threads N               threads of the other engines on WebAssembly (default: as many as the app's engine; with 1,
                            none waits busily for another, which a busy machine counts as CPU time)
  --image FILE              image of the question
  --dir DIR                 folder for the models (default .cache/peers)
  --json                    print one JSON object instead of tables
  --help                    show this help

First every engine's greedy answer is compared with float32 arithmetic on its weights. Times of an engine whose answer
differs are not reported. CPU time is that of the whole browser. The first run installs the other engines
(models/peers/package.json).
`;

const IMAGE = join(PROJECT, 'models/goldens/vectors/images/disc.png');
const BACKENDS = ['wasm', 'webgpu'] as const;
const KINDS = ['text', 'image'] as const;
const [MAX_ROUNDS, MAX_TOKENS, MAX_THREADS] = [40, 1000, 64];

interface Arguments {
  model: PeerModel;
  backends: readonly (typeof BACKENDS)[number][];
  kinds: readonly (typeof KINDS)[number][];
  rounds: number;
  tokens: number;
  threads: number | null;
  image: string;
  dir: string;
  json: boolean;
}

function parseArguments(argv: string[]): Arguments | 'help' {
  const { values } = parseArgs({
    args: argv,
    options: {
      model: { type: 'string', default: 'mini' },
      backend: { type: 'string' },
      kind: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      tokens: { type: 'string', default: '32' },
      threads: { type: 'string' },
      image: { type: 'string', default: IMAGE },
      dir: { type: 'string', default: join(PROJECT, '.cache/peers') },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const model = oneOf('--model', values.model, MODELS);
  const kind = values.kind === undefined ? null : oneOf('--kind', values.kind, KINDS);
  if (kind === 'image' && model === '135m')
    throw new UsageError('135m answers about text only. Give --kind text.');
  const backend = values.backend === undefined ? null : oneOf('--backend', values.backend, BACKENDS);
  return {
    model,
    backends: backend ? [backend] : model === 'mini' ? BACKENDS : ['wasm'],
    kinds: kind ? [kind] : model === '135m' ? ['text'] : KINDS,
    rounds: wholeNumber('--rounds', values.rounds, MAX_ROUNDS),
    tokens: wholeNumber('--tokens', values.tokens, MAX_TOKENS),
    threads: values.threads === undefined ? null : wholeNumber('--threads', values.threads, MAX_THREADS),
    image: existingFile('image', values.image),
    dir: resolve(values.dir),
    json: values.json,
  };
}

export const command: Command = async (context) => {
  const args = parseArguments(context.argv);
  if (args === 'help') return context.out(HELP);
  const { backends, kinds, json, dir, model: name, ...plan } = args;
  const model = await prepareModel(name, dir, context);
  const comparisons: Comparison[] = [];
  for (const backend of backends) {
    for (const kind of kinds) {
      const comparison = await compareEngines(
        { ...plan, model, backend, kind, work: join(dir, name, 'work') },
        context,
      );
      comparisons.push(comparison);
      if (!json) context.out(`${describeComparison(comparison)}\n`);
    }
  }
  if (json) context.out(`${JSON.stringify({ model: name, comparisons })}\n`);
};
