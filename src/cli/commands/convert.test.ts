/** convert and inspect on the committed checkpoints: in this process, and once as programs. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PROJECT } from '../install.mjs';
import { openLoopbackHub, type LoopbackHub } from '../rehearsal/loopbackHub';
import { CHECKPOINTS } from '../testing/checkpoints';
import { runHere, type Outcome } from '../testing/runHere';
import { command as convert } from './convert';
import { command as inspect } from './inspect';

const COMMANDS = { convert, inspect };

const run = (name: keyof typeof COMMANDS, ...argv: string[]): Promise<Outcome> =>
  runHere(COMMANDS[name], argv);

/** In a process of its own. */
function runProcess(name: keyof typeof COMMANDS, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const script = [join(PROJECT, 'src/cli/run.mjs'), name, ...args];
    execFile(process.execPath, script, { cwd: PROJECT }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

let work: string;
const at = (name: string): string => join(work, name);

async function contents(dir: string): Promise<Map<string, string>> {
  const files = (await readdir(dir)).sort();
  return new Map(
    await Promise.all(
      files.map(async (file) => [file, (await readFile(join(dir, file))).toString('base64')] as const),
    ),
  );
}

/** A copy of a committed checkpoint, to damage. */
async function copyOf(checkpoint: string, name: string): Promise<string> {
  await cp(join(CHECKPOINTS, checkpoint), at(name), { recursive: true });
  return at(name);
}

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'rounds-convert-'));
});

afterAll(() => rm(work, { recursive: true, force: true }));

describe('convert, from a hub', () => {
  const folder = join(CHECKPOINTS, 'qwen2_vl');
  let hub: LoopbackHub;

  beforeAll(async () => {
    const files = (await readdir(folder)).filter((name) => !name.startsWith('.'));
    hub = await openLoopbackHub('org/several', folder, files, ['checkpoints/CT 1', 'checkpoints/MRI']);
    vi.stubEnv('HF_ENDPOINT', hub.endpoint);
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await hub.close();
  });

  const shards = async (dir: string): Promise<Map<string, string>> =>
    new Map([...(await contents(dir))].filter(([name]) => name !== 'pack.json'));

  it.each([
    ['org/several/checkpoints/CT 1', 'CT 1'],
    ['org/several/checkpoints/MRI/@main', 'MRI'],
  ])('takes a folder of a repository: %s', async (source, name) => {
    const out = at(`hub ${name}`);
    expect(await run('convert', source, '--out', out, '--jobs', '1')).toMatchObject({ status: 0 });
    const local = await run('convert', folder, '--out', `${out} local`, '--jobs', '1');
    expect(local.status).toBe(0);
    expect(await shards(out)).toEqual(await shards(`${out} local`));
    const manifest = JSON.parse(await readFile(join(out, 'pack.json'), 'utf8')) as unknown;
    expect(manifest).toMatchObject({ name, source: { repo: `org/several/checkpoints/${name}` } });
  });

  it('takes the address of such a folder, as a browser shows it', async () => {
    const page = `${hub.endpoint}/org/several/tree/main/checkpoints/CT%201`;
    const { status, stdout } = await run('convert', page, '--dry-run');
    expect(status).toBe(0);
    expect(stdout).toContain('org/several/checkpoints/CT 1');
  });

  it('names the folders where none was given, and a folder that is not there', async () => {
    const top = await run('convert', 'org/several', '--dry-run');
    expect(top.status).toBe(1);
    expect(top.stderr).toContain('checkpoints/CT 1, checkpoints/MRI');
    const other = await run('convert', 'org/several/checkpoints/PET', '--dry-run');
    expect(other.status).toBe(1);
    expect(other.stderr).toContain('checkpoints/CT 1, checkpoints/MRI');
  });
});

describe('convert and inspect', () => {
  it('make the same bytes with one thread and with two, and find them sound', async () => {
    const one = await run('convert', join(CHECKPOINTS, 'qwen2_5_vl'), '--out', at('one'), '--jobs', '1');
    const two = await runProcess(
      'convert',
      join(CHECKPOINTS, 'qwen2_5_vl'),
      '--out',
      at('two'),
      '--jobs',
      '2',
    );
    expect([one, two]).toMatchObject([
      { status: 0, stdout: '' },
      { status: 0, stdout: '' },
    ]);
    expect(two.stderr).toMatch(/Wrote .* to .*two/);
    expect(await contents(at('two'))).toEqual(await contents(at('one')));

    const sound = await runProcess('inspect', at('one'));
    expect(sound.status).toBe(0);
    expect(sound.stdout).toMatch(/qwen2_5_vl \(qwen2_5_vl\), 353 k parameters/);
    expect(sound.stdout).toMatch(/visual\.blocks\.0\.mlp\.down_proj\.weight +q4 +64 × 96/);
    const json = JSON.parse((await run('inspect', at('one'), '--json')).stdout) as {
      ok: boolean;
      parameters: number;
    };
    expect(json).toMatchObject({ ok: true, parameters: 353_180 });
  });

  it('find a flipped byte, and name the shard', async () => {
    await cp(at('one'), at('flipped'), { recursive: true });
    const shard = at('flipped/shard-00000.bin');
    const bytes = await readFile(shard);
    bytes[12_345] = (bytes[12_345] as number) ^ 4;
    await writeFile(shard, bytes);
    const bad = await run('inspect', at('flipped'));
    expect(bad.status).toBe(1);
    expect(bad.stderr).toMatch(/integrity_mismatch: shard-00000\.bin has the SHA-256/);
    expect(bad.stdout).toMatch(/shard-00000\.bin .* BAD/);
  });

  it('replace a pack only with --overwrite, and never a folder that isn’t a pack', async () => {
    const source = join(CHECKPOINTS, 'qwen2_vl');
    expect(await run('convert', source, '--out', at('one'))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^request_invalid: .*--overwrite/) as string,
    });
    expect((await run('convert', source, '--out', at('two'), '--overwrite', '--weights', 'q8')).status).toBe(
      0,
    );
    expect((await run('inspect', at('two'))).stdout).toMatch(/^qwen2_vl/);
    await cp(source, at('precious'), { recursive: true });
    expect((await run('convert', source, '--out', at('precious'), '--overwrite')).stderr).toMatch(
      /will not be replaced/,
    );
  });

  it('print a plan without writing', async () => {
    const plan = await run('convert', join(CHECKPOINTS, 'qwen2_vl'), '--out', at('planned'), '--dry-run');
    expect(plan.status).toBe(0);
    expect(plan.stdout).toMatch(/q4 best/);
    expect(plan.stdout).toMatch(/reads +model-00002-of-00002\.safetensors/);
    expect(plan.stdout).toMatch(/lm_head\.weight +q8 +384 × 64/);
    expect(await readdir(work)).not.toContain('planned');
  });
});

describe('convert refuses, and leaves nothing behind', () => {
  it.each<[string, (dir: string) => Promise<unknown>, RegExp]>([
    [
      'a folder without config.json',
      (dir) => rm(join(dir, 'config.json')),
      /^checkpoint_invalid: .*config\.json/m,
    ],
    [
      'another architecture',
      (dir) => writeFile(join(dir, 'config.json'), '{"model_type":"llama"}'),
      /^model_unsupported: .*"llama"/m,
    ],
    [
      'a truncated file',
      (dir) => truncate(join(dir, 'model.safetensors'), 500_000),
      /^checkpoint_invalid: .*truncated/m,
    ],
    [
      'NaN weights, found in a thread',
      async (dir) => {
        const file = join(dir, 'model.safetensors');
        const bytes = await readFile(file);
        bytes.writeUInt16LE(0x7fc0, bytes.length - 2);
        await writeFile(file, bytes);
      },
      /^checkpoint_invalid: .* NaN/m,
    ],
  ])('%s', async (name, damage, message) => {
    const dir = await copyOf('qwen2_5_vl', `bad ${name}`);
    await damage(dir);
    const before = await readdir(work);
    const outcome = await run('convert', dir, '--out', at('refused'), '--jobs', '2');
    expect(outcome).toMatchObject({ status: 1, stdout: '' });
    expect(outcome.stderr).toMatch(message);
    expect(await readdir(work)).toEqual(before);
  });

  it('a source that does not exist', async () => {
    const outcome = await run('convert', at('nowhere'), '--out', at('refused'));
    expect(outcome).toMatchObject({ status: 1 });
    expect(outcome.stderr).toMatch(/^checkpoint_invalid: .*is not a folder/);
  });
});

describe('usage', () => {
  it.each<[string, 'convert' | 'inspect', string[], RegExp]>([
    ['no source', 'convert', ['--out', 'x'], /exactly one SRC/],
    ['no target', 'convert', ['a'], /--out DIR/],
    ['an unknown type', 'convert', ['a', '--out', 'x', '--weights', 'q3'], /--weights must be/],
    ['an unknown option', 'convert', ['a', '--out', 'x', '--fast'], /--fast/],
    ['no threads', 'convert', ['a', '--out', 'x', '--jobs', '0'], /--jobs must be/],
    ['no pack', 'inspect', [], /exactly one DIR/],
  ])('exit status 2 for %s', async (_what, command, args, message) => {
    const outcome = await run(command, ...args);
    expect(outcome).toMatchObject({ status: 2, stdout: '' });
    expect(outcome.stderr).toMatch(message);
  });

  it('--help prints to stdout', async () => {
    for (const command of ['convert', 'inspect'] as const) {
      const outcome = await run(command, '--help');
      expect(outcome).toMatchObject({ status: 0, stderr: '' });
      expect(outcome.stdout).toContain(`npm run -s ${command} --`);
    }
  });
});
