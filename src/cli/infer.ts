/** `npm run -s infer -- --pack DIR --case FILE`: runs cases through the app's own worker in a headless browser. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { RoundsError } from '../shared/errors';
import { MANIFEST_FILE } from '../shared/pack';
import { PRESET_IDS } from '../shared/presets';
import type { LoadParams } from '../shared/protocol';
import { readCases, type ReadCase, type ReadCases } from './caseFile';
import { oneOf, runInProcess, UsageError } from './command';
import { deviceName } from './deviceName';
import { HarnessSession } from './harnessSession';

const HELP = `Runs cases through the page's own worker, engine and GPU code in a headless browser.

  npm run -s infer -- --pack DIR --case FILE [options]

  --pack DIR                    a model pack, as convert makes it
  --case FILE                   one JSON object, a JSON array, or JSON lines; image paths are relative to it
  --backend webgpu|wasm|auto    where the model runs (default webgpu)
  --activations f16|f32|auto    (default auto: f16 where the GPU has it)
  --help

A case: { "messages": [ { "role": "user", "content": [ { "type": "image", "path": "a.png" },
          { "type": "text", "text": "What is shown?" } ] } ], "maxNewTokens": 24 }
or:     { "preset": "medvlthinker", "question": "…", "options": { "A": "…" }, "images": ["a.png"] }
Presets: ${PRESET_IDS.join(', ')}.
Further fields: key (letter of the right option: adds "grade" to the line), maxNewTokens, temperature, topP,
topK, repetitionPenalty, seed, ignoreEos, forceIds, logits ("none", "last" or "all"); beside an image's path:
frame, window ([center, width]), and for NIfTI plane (axial, coronal, sagittal) and volume.

Prints one JSON line for each case, in order. A case that cannot be run gives
{ "error": { "code", "message" } } in its place. Exit status: 0 all ran, 1 not all ran, 2 wrong usage.
`;

type Arguments = Pick<LoadParams, 'backend' | 'activations'> & { pack: string; caseFile: string };

function parseArguments(argv: string[]): Arguments | 'help' {
  const { values } = parseArgs({
    args: argv,
    options: {
      pack: { type: 'string' },
      case: { type: 'string' },
      backend: { type: 'string', default: 'webgpu' },
      activations: { type: 'string', default: 'auto' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  if (!values.pack || !values.case) throw new UsageError('Give --pack DIR and --case FILE.');
  return {
    pack: resolve(values.pack),
    caseFile: resolve(values.case),
    backend: oneOf('--backend', values.backend, ['webgpu', 'wasm', 'auto'] as const),
    activations: oneOf('--activations', values.activations, ['f16', 'f32', 'auto'] as const),
  };
}

function readInput({ pack, caseFile }: Arguments): ReadCases {
  if (!statSync(join(pack, MANIFEST_FILE), { throwIfNoEntry: false })?.isFile()) {
    throw new UsageError(`${pack} is not a pack: it has no ${MANIFEST_FILE}.`);
  }
  if (!statSync(caseFile, { throwIfNoEntry: false })?.isFile()) {
    throw new UsageError(`There is no case file ${caseFile}.`);
  }
  return readCases(readFileSync(caseFile, 'utf8'), dirname(caseFile));
}

/** Runs every case that can be run; true if all could. */
async function infer(args: Arguments, signal: AbortSignal): Promise<boolean> {
  const { cases, files } = readInput(args);
  const session = await HarnessSession.open({ pack: args.pack, files, signal });
  try {
    const failure = await session.load(args).then(
      ({ name, device, loadMs }) => {
        note(
          `Loaded ${name} in ${Math.round(loadMs)} ms: ${device.backend}, ${deviceName(device)}, ${device.activations}.`,
        );
        return null;
      },
      (error: unknown) => RoundsError.from(error),
    );
    if (failure) note(`${failure.code}: ${failure.message}`);
    let allRan = true;
    for (const read of cases) {
      if (!(await runCase(session, read, failure))) allRan = false;
    }
    return allRan;
  } finally {
    await session.close();
  }
}

/** Prints the case's line; false if it is an error line. */
async function runCase(
  session: HarnessSession,
  read: ReadCase,
  loadFailure: RoundsError | null,
): Promise<boolean> {
  const failure = loadFailure ?? (read.ok ? null : read.error);
  if (failure || !read.ok) {
    print(errorLine(failure));
    return false;
  }
  // A dead browser fails this case and, each at once, those after it.
  const line = await session.run(read.job).catch((error: unknown) => ({ ok: false, json: errorLine(error) }));
  print(line.json);
  return line.ok;
}

function errorLine(thrown: unknown): string {
  const { code, message } = RoundsError.from(thrown);
  return JSON.stringify({ error: { code, message } });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function note(message: string): void {
  process.stderr.write(`${message}\n`);
}

await runInProcess(async ({ argv, out, signal }) => {
  const args = parseArguments(argv);
  if (args !== 'help') return infer(args, signal);
  out(HELP);
});
