/**
 * `npm start`: installs what is missing, builds if stale, serves the app on this machine and prints the
 * address when it is ready.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DIST, ensureBuilt } from './build.mjs';
import { ensureInstalled, requireNode } from './install.mjs';
import { onNpmGone } from './parent.mjs';
import { serve } from './staticServer.mjs';

const DEFAULT_PORT = 4173;
const HELP = `npm start [-- OPTIONS]

Serves the app on http://localhost:${DEFAULT_PORT}, or the next free port. Installs packages and builds first
where needed. Only programs on this machine can reach it.

  --port N     start looking for a free port at N
  --open       open the address in the default browser
  --no-build   serve dist/ as it is
  --help       show this
`;

/** @returns {{ port: number, open: boolean, build: boolean }} */
function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: String(DEFAULT_PORT) },
      open: { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`--port needs a number from 1 to 65535, not ${values.port}.`);
  }
  return { port, open: values.open, build: !values['no-build'] };
}

/** @param {string} url */
function openInBrowser(url) {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : ['xdg-open', url];
  const child = spawn(command ?? '', args, { stdio: 'ignore', detached: true });
  child.once('error', () => process.stderr.write(`No browser could be opened; go to ${url}\n`));
  child.unref();
}

async function main() {
  requireNode();
  const options = readOptions();
  if (options.build) {
    await ensureInstalled();
    await ensureBuilt();
  } else if (!existsSync(join(DIST, 'index.html'))) {
    throw new Error('There is no dist/ yet; run `npm run build` first.');
  }
  const server = await serve({ root: DIST }, { port: options.port });
  process.stdout.write(`Rounds is at ${server.url}\n`);
  if (options.open) openInBrowser(server.url);
  const stop = () => void server.close().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  onNpmGone(stop);
}

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
