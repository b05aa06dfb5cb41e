/** `npm run -s infer -- --pack DIR --case FILE`: runs cases through the app's own worker in a headless browser. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { RoundsError } from '../../shared/errors';
import { PRESET_IDS } from '../../shared/presets';
import type { LoadParams } from '../../shared/protocol';
import { readCases, type ReadCase } from '../caseFile';
import { UsageError, type Command, type CommandContext } from '../command';
import { HarnessSession } from '../harnessSession';
import { ACTIVATIONS, BACKENDS, existingFile, oneOf, packFolder } from '../options';
import { deviceName } from '../deviceName';

const HELP = `Runs cases through the page's own worker, engine and GPU code in a headless browser.

  npm run -s infer -- --pack DIR --case FILE [options]

  --pack DIR                    model pack made by convert
  --case FILE                   one JSON object, a JSON array, or JSON lines; image paths are relative to FILE
  --backend webgpu|wasm|auto    where the model runs (default webgpu)
  --activations f16|f32|auto    activation type (default auto: f16 if the GPU supports it)
  --help                        show this help

A case: { "messages": [ { "role": "user", "content": [ { "type": "image", "path": "a.png" },
          { "type": "text", "text": "What is shown?" } ] } ], "maxNewTokens": 24 }
or:     { "preset": "medvlthinker", "question": "…", "options": { "A": "…" }, "images": ["a.png"] }
Presets: ${PRESET_IDS.join(', ')}.
Other fields of a case: key (letter of the correct option; adds "grade" to the result), maxNewTokens,
temperature, topP, topK, repetitionPenalty, seed, ignoreEos, forceIds, logits ("none", "last" or "all").
Other fields of an image: frame, window ([center, width]), and for NIfTI plane (axial, coronal, sagittal)
and volume.

Prints one JSON line per case, in order. A case that can't be run gives { "error": { "code", "message" } }
instead. Exit status: 0 all cases ran, 1 some did not, 2 wrong usage.
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
    pack: packFolder(values.pack),
    caseFile: existingFile('case file', values.case),
    backend: oneOf('--backend', values.backend, BACKENDS),
    activations: oneOf('--activations', values.activations, ACTIVATIONS),
  };
}

/** Runs every case that can be run. @returns whether all could */
async function infer(args: Arguments, { out, err, signal }: CommandContext): Promise<boolean> {
  const { cases, files } = readCases(readFileSync(args.caseFile, 'utf8'), dirname(args.caseFile));
  const report = (message: string): void => err(`${message}\n`);
  const session = await HarnessSession.open({ pack: args.pack, files, signal, report });
  try {
    const failure = await load(session, args, report);
    let allRan = true;
    for (const read of cases) {
      const { ok, json } = await runCase(session, read, failure);
      out(`${json}\n`);
      allRan &&= ok;
    }
    return allRan;
  } finally {
    await session.close();
  }
}

/** @returns why the model could not be loaded, or null */
async function load(
  session: HarnessSession,
  args: Arguments,
  report: (message: string) => void,
): Promise<RoundsError | null> {
  try {
    const { name, device, loadMs } = await session.load(args);
    const where = `${device.backend}, ${deviceName(device)}, ${device.activations}`;
    report(`Loaded ${name} in ${Math.round(loadMs)} ms: ${where}.`);
    return null;
  } catch (thrown) {
    const error = RoundsError.from(thrown);
    report(`${error.code}: ${error.message}`);
    return error;
  }
}

/** The case's result line or error line. If the browser crashes, this case and all later ones give error lines. */
async function runCase(
  session: HarnessSession,
  read: ReadCase,
  loadFailure: RoundsError | null,
): Promise<{ ok: boolean; json: string }> {
  try {
    if (loadFailure) throw loadFailure;
    if (!read.ok) throw read.error;
    return await session.run(read.job);
  } catch (thrown) {
    const { code, message } = RoundsError.from(thrown);
    return { ok: false, json: JSON.stringify({ error: { code, message } }) };
  }
}

export const command: Command = async (context) => {
  const args = parseArguments(context.argv);
  if (args === 'help') return context.out(HELP);
  return infer(args, context);
};
