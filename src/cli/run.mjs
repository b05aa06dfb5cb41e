/**
 * `node src/cli/run.mjs NAME ARGS…`: installs what is missing, then runs the command src/cli/NAME.ts through
 * tsx. Exit code and signals pass through in both directions.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureInstalled, PROJECT } from './install.mjs';
import { onNpmGone } from './parent.mjs';

const [name, ...args] = process.argv.slice(2);
const script = join(PROJECT, 'src/cli', `${name}.ts`);
if (!name || !/^[\w-]+$/.test(name) || !existsSync(script)) {
  process.stderr.write(`There is no command ${name ?? '(none given)'}.\n`);
  process.exit(2);
}

try {
  await ensureInstalled();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

const loader = pathToFileURL(join(PROJECT, 'node_modules/tsx/dist/loader.mjs')).href;
const child = spawn(process.execPath, ['--import', loader, script, ...args], { stdio: 'inherit' });
// Wait for the child's own end, so that its exit code can be passed on. A terminal sends SIGINT to both.
process.on('SIGINT', () => undefined);
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill(signal));
}
onNpmGone(() => child.kill('SIGTERM'));
child.once('exit', (code, signal) => {
  process.exit(code ?? 128 + (signal ? constants.signals[signal] : 1));
});
