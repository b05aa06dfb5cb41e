/** `npm run -s inspect -- DIR`: prints the contents of a model pack and verifies its shards. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describePack, describeTensors, formatBytes, summarizeTensors } from '../../convert/describe';
import { verifyShards, type ShardVerdict } from '../../convert/verify';
import { RoundsError } from '../../shared/errors';
import { MANIFEST_FILE, type PackManifest } from '../../shared/pack';
import { parseManifest } from '../../shared/packManifest';
import type { Command, CommandContext } from '../command';
import { openFile } from '../convert/folderSource';
import { onlyArgument } from '../options';
import { ProgressLine } from '../progressLine';

const HELP = `Prints the contents of a model pack and verifies the length and SHA-256 of every shard.

  npm run -s inspect -- DIR [--json]

  --json    print one JSON object instead of a table
  --help    show this help

Exit status: 0 the pack is intact, 1 something is wrong, 2 wrong usage.
`;

function parseArguments(argv: string[]): { dir: string; json: boolean } | 'help' {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  return { dir: onlyArgument('DIR', positionals), json: values.json };
}

async function readManifest(dir: string): Promise<PackManifest> {
  const path = join(dir, MANIFEST_FILE);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new RoundsError(
      'pack_invalid',
      `${path} can't be read. Give the folder of a pack made by convert.`,
      { cause },
    );
  });
  try {
    return parseManifest(JSON.parse(text));
  } catch (thrown) {
    if (thrown instanceof RoundsError) throw thrown;
    throw new RoundsError('pack_invalid', `${path} is not valid JSON. Convert or download the pack again.`, {
      cause: thrown,
    });
  }
}

function asTable(manifest: PackManifest, bad: readonly ShardVerdict[]): string {
  return [
    ...describePack({ ...manifest, files: Object.keys(manifest.files) }),
    ...describeTensors(manifest.tensors),
    ...manifest.shards.map(({ file, size, sha256 }) => {
      const verdict = bad.some((shard) => shard.file === file) ? 'BAD' : 'ok';
      return `  ${file}  ${formatBytes(size).padStart(7)}  ${sha256.slice(0, 16)}…  ${verdict}`;
    }),
    '',
  ].join('\n');
}

function asJson(manifest: PackManifest, bad: readonly ShardVerdict[]): string {
  const { tensors, ...rest } = manifest;
  const summary = {
    ...rest,
    dtypes: summarizeTensors(tensors),
    tensors,
    ok: bad.length === 0,
    problems: bad,
  };
  return `${JSON.stringify(summary)}\n`;
}

export const command: Command = async (context) => {
  const args = parseArguments(context.argv);
  if (args === 'help') context.out(HELP);
  else await inspect(args.dir, args.json, context);
};

async function inspect(dir: string, json: boolean, { out, err }: CommandContext): Promise<void> {
  const manifest = await readManifest(dir);
  const line = new ProgressLine('Verifying', err);
  const verdicts = await verifyShards(
    manifest,
    (file) => openFile(join(dir, file)),
    (done, total) => line.update(done / total, `shard ${done} of ${total}`),
  );
  line.end();
  const bad = verdicts.filter(({ problem }) => problem !== null);
  out(json ? asJson(manifest, bad) : asTable(manifest, bad));
  if (bad.length > 0) {
    const problems = bad.map(({ problem }) => problem).join(' ');
    throw new RoundsError('integrity_mismatch', `${problems} Download or convert the pack again.`);
  }
}
