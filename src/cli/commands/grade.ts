/** `npm run -s grade -- --preset NAME --file ROWS.jsonl`: grades given answers by the rules of a published system. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { RoundsError } from '../../shared/errors';
import { Fields } from '../../shared/fields';
import { grade } from '../../shared/grading';
import { findPreset, type Options, type PresetId, PRESET_IDS } from '../../shared/presets';
import { UsageError, type Command } from '../command';

const HELP = `Grades answers by the rules of a published system. Needs no model.

  npm run -s grade -- --preset NAME --file ROWS.jsonl

  --preset NAME    ${PRESET_IDS.join(', ')}
  --file FILE      one row per line: { "text": "…", "options": { "A": "…", "B": "…" }, "key": "B" }
  --help           show this help

Prints one JSON line per row, in order:
{ "letter": "B" or null, "correct": true, "format": 1, "accuracy": 1, "reward": 1 }
letter and correct follow the system's evaluation; format, accuracy and reward follow its training reward.
A row that can't be graded gives { "error": { "code", "message" } } instead.
Exit status: 0 all rows graded, 1 some rows not graded, 2 wrong usage.
`;

/** Stops early on a file of another kind; answers have a few thousand characters. */
const MAX_TEXT = 1_000_000;

function parseArguments(argv: string[]): { preset: PresetId; file: string } | 'help' {
  const { values } = parseArgs({
    args: argv,
    options: {
      preset: { type: 'string' },
      file: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  if (!values.preset || !values.file) throw new UsageError('Give --preset NAME and --file ROWS.jsonl.');
  try {
    return { preset: findPreset(values.preset).id, file: values.file };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    throw new UsageError(`${file} can't be read: ${(error as Error).message}`);
  }
}

const refuse = (message: string): never => {
  throw new RoundsError('request_invalid', message);
};

function gradeLine(preset: PresetId, line: string, number: number): string {
  const row = new Fields(parseJson(line, number), `line ${number}`, refuse);
  const given = row.object('options');
  const options: Options = Object.fromEntries(given.keys().map((key) => [key, given.string(key)]));
  return JSON.stringify(grade(preset, row.string('text', MAX_TEXT), options, row.string('key')));
}

function parseJson(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return refuse(`Line ${number} is not JSON.`);
  }
}

/** Prints a line for each row. @returns whether every row could be graded */
function gradeRows(preset: PresetId, file: string, out: (text: string) => void): boolean {
  let allGraded = true;
  for (const [i, line] of readLines(file).entries()) {
    if (line.trim() === '') continue;
    try {
      out(`${gradeLine(preset, line, i + 1)}\n`);
    } catch (thrown) {
      const { code, message } = RoundsError.from(thrown);
      out(`${JSON.stringify({ error: { code, message } })}\n`);
      allGraded = false;
    }
  }
  return allGraded;
}

export const command: Command = async ({ argv, out }) => {
  const args = parseArguments(argv);
  if (args === 'help') return out(HELP);
  return gradeRows(args.preset, args.file, out);
};
