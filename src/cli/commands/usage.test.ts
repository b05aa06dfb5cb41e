/** Help and wrong usage of every command; nothing here starts a browser. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../install.mjs';
import { VECTORS } from '../testing/checkpoints';
import { runHere } from '../testing/runHere';
import { command as bench } from './bench';
import { command as benchPeer } from './benchPeer';
import { command as convert } from './convert';
import { command as fuzz } from './fuzz';
import { command as grade } from './grade';
import { command as infer } from './infer';
import { command as inspect } from './inspect';
import { command as quality } from './quality';
import { command as rehearse } from './rehearse';
import { command as verify } from './verify';

const COMMANDS = { bench, benchPeer, convert, fuzz, grade, infer, inspect, quality, rehearse, verify };
const NAMES = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];
/** Commands whose script in package.json has another name. */
const SCRIPTS: Partial<Record<string, string>> = { benchPeer: 'bench:peer' };
const PACK = join(PROJECT, 'public/models/rounds-mini');
const MANIFEST = join(VECTORS, 'manifest.json');

it('covers every command', () => {
  const files = readdirSync(import.meta.dirname).filter((file) => !file.endsWith('.test.ts'));
  expect(files.sort()).toEqual(NAMES.map((name) => `${name}.ts`));
});

describe.each(NAMES)('%s', (name) => {
  it.each(['--help', '-h'])('%s prints the options to stdout', async (flag) => {
    const { status, stdout, stderr } = await runHere(COMMANDS[name], [flag]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(new RegExp(`npm run (-s )?${SCRIPTS[name] ?? name} -- `));
    expect(stdout).toContain('--help');
    expect(stdout).toContain({ bench: '--contexts', infer: '--case' }[name as string] ?? '--help');
  });

  it('refuses an unknown option with exit status 2', async () => {
    const { status, stdout, stderr } = await runHere(COMMANDS[name], ['--sideways']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/--sideways[^]*Try --help\.\n$/);
  });
});

describe('exit status 2', () => {
  it.each<[keyof typeof COMMANDS, string[], RegExp]>([
    ['bench', [], /Give --pack DIR or --shape NAME/],
    ['bench', ['--shape', '7b'], /--shape must be 3b or mini, not 7b/],
    ['bench', ['--shape', '3b', '--pack', PACK], /--pack or --shape, not both/],
    ['bench', ['--shape', '3b', '--minutes', '0'], /--minutes must be a whole number from 1/],
    ['benchPeer', ['--model', '7b'], /--model must be mini, 135m or 150m, not 7b/],
    ['benchPeer', ['--model', '135m', '--kind', 'image'], /135m answers about text only/],
    ['benchPeer', ['--backend', 'auto'], /--backend must be wasm or webgpu, not auto/],
    ['benchPeer', ['--rounds', '0'], /--rounds must be a whole number from 1/],
    ['bench', ['--pack', VECTORS], /is not a model pack: it has no pack\.json/],
    ['bench', ['--pack', PACK, '--image', 'none.png'], /There is no image at .*none\.png/],
    ['bench', ['--pack', PACK, '--contexts', '0'], /--contexts must be whole numbers from 1/],
    ['bench', ['--pack', PACK, '--rollouts', '17'], /--rollouts must be whole numbers from 1 to 16/],
    ['bench', ['--pack', PACK, '--backend', 'webgl'], /--backend must be webgpu, wasm or auto, not webgl/],
    ['fuzz', [], /Give exactly one PARSER/],
    ['fuzz', ['gif'], /PARSER must be .*, png, .*, not gif/],
    ['fuzz', ['--all', 'png'], /PARSER or --all, not both/],
    ['fuzz', ['png', '--inputs', '0'], /--inputs must be a whole number from 1/],
    ['infer', ['--pack', PACK], /Give --pack DIR and --case FILE/],
    ['infer', ['--pack', VECTORS, '--case', MANIFEST], /is not a model pack: it has no pack\.json/],
    ['infer', ['--pack', PACK, '--case', 'none.json'], /There is no case file at .*none\.json/],
    ['infer', ['--pack', PACK, '--case', MANIFEST, '--activations', 'f64'], /--activations must be f16, f32/],
    ['quality', ['--case', MANIFEST], /Give exactly one SRC/],
    ['quality', ['x'], /Give --case FILE/],
    ['quality', ['x', '--case', 'none.json'], /There is no case file at .*none\.json/],
    ['quality', ['x', '--case', MANIFEST, '--tokens', '0'], /--tokens must be a whole number from 1/],
    ['rehearse', [], /Give exactly one SCALE/],
    ['rehearse', ['7b'], /SCALE must be 3b or 1\/50, not 7b/],
    ['rehearse', ['3b', '--layers', '0'], /--layers must be a whole number from 1/],
    ['rehearse', ['3b', '--last', 'lunch'], /--last must be make, convert, .* or answer, not lunch/],
    ['verify', [], /Give exactly one DIR/],
    ['verify', ['a', 'b'], /Give exactly one DIR/],
    ['verify', [VECTORS, '--backend', 'cpu'], /--backend must be webgpu, wasm or auto, not cpu/],
    ['verify', [VECTORS, '--activations', 'auto'], /--activations must be f16 or f32, not auto/],
    ['verify', [VECTORS, '--only', 'nothing'], /No case contains "nothing"/],
  ])('%s %j', async (name, args, message) => {
    const { status, stdout, stderr } = await runHere(COMMANDS[name], args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});
