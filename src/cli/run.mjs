/**
 * `node src/cli/run.mjs NAME ARGS…`: installs missing packages, then runs the command src/cli/commands/NAME.ts
 * through tsx. Passes signals on to the command, and its exit code back.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureInstalled, PROJECT } from './install.mjs';
import { onNpmGone } from './parent.mjs';

const [name, ...args] = process.argv.slice(2);
const names = readdirSync(join(PROJECT, 'src/cli/commands'))
  .map((file) => /^([\w-]+)\.ts$/.exec(file)?.[1])
  .filter((known) => known !== undefined);
if (!name || !names.includes(name)) {
  const problem = name ? `Unknown command ${name}.` : 'Give a command.';
  process.stderr.write(`${problem} Commands: ${names.join(', ')}.\n`);
  process.exit(2);
}

try {
  await ensureInstalled();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

const loader = pathToFileURL(join(PROJECT, 'node_modules/tsx/dist/loader.mjs')).href;
const main = join(PROJECT, 'src/cli/main.ts');
const child = spawn(process.execPath, ['--import', loader, main, name, ...args], { stdio: 'inherit' });
// A terminal sends SIGINT to both processes. Wait for the child to end, so that its exit code can be passed on.
process.on('SIGINT', () => undefined);
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill(signal));
}
onNpmGone(() => child.kill('SIGTERM'));
child.once('exit', (code, signal) => {
  process.exit(code ?? 128 + (signal ? constants.signals[signal] : 1));
});
