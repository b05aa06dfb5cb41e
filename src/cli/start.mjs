/** `npm start`: installs missing packages, builds the site if needed, serves it on this machine and prints the address. */
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

Serves the app on http://localhost:${DEFAULT_PORT}, or on the next free port. Installs packages and builds the site first
if needed. Other computers can't reach the server.

  --port N     use port N, or the next free one
  --open       open the app in the default browser
  --no-build   serve dist/ without building
  --help       show this help
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
    throw new Error(`--port must be a whole number from 1 to 65535, not ${values.port}.`);
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
  child.once('error', () => process.stderr.write(`The browser could not be opened. Open ${url} yourself.\n`));
  child.unref();
}

async function main() {
  requireNode();
  const options = readOptions();
  if (options.build) {
    await ensureInstalled();
    await ensureBuilt();
  } else if (!existsSync(join(DIST, 'index.html'))) {
    throw new Error('There is no dist/ folder yet. Run `npm run build` first.');
  }
  const server = await serve({ root: DIST }, { port: options.port });
  process.stdout.write(`Rounds is running at ${server.url}\n`);
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
