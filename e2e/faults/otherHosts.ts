/**
 * The site on hosts as they come: their types, their headers, and nothing else. Behaviours were read off the real programs (nginx
 * 1.22 of Debian 12 with its mime.types, `python3 -m http.server` of Python 3.11), which e2e/browsers.spec.ts runs where they are.
 */
import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { DIST } from '../../src/cli/build.mjs';

const COMMON: Record<string, string> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'application/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.jpg': 'image/jpeg',
  '.wasm': 'application/wasm',
};

export interface HostBehaviour {
  /** Types by extension; others are application/octet-stream. */
  types: Record<string, string>;
  /** Headers of every response, or of those whose path they are asked for. */
  headers?: (path: string) => Record<string, string>;
  /** Paths that are answered with 404. */
  missing?: RegExp;
}

/** Knows neither .mjs nor .webmanifest. */
export const NGINX: HostBehaviour = { types: COMMON };
export const PYTHON: HostBehaviour = {
  types: { ...COMMON, '.mjs': 'application/javascript', '.js': 'text/javascript' },
};

export const withPolicy = (policy: string): HostBehaviour => ({
  ...NGINX,
  headers: () => ({ 'Content-Security-Policy': policy }),
});

export async function startHost(
  behaviour: HostBehaviour,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => answer(behaviour, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(
  { types, headers, missing }: HostBehaviour,
  { url = '/' }: IncomingMessage,
  response: ServerResponse,
): void {
  const { pathname } = new URL(url, 'http://host.invalid');
  const file = join(DIST, normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname));
  const isFile = !missing?.test(pathname) && statSync(file, { throwIfNoEntry: false })?.isFile();
  for (const [name, value] of Object.entries(headers?.(pathname) ?? {})) response.setHeader(name, value);
  if (!isFile) return void response.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>Not found</h1>');
  response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream' });
  createReadStream(file).pipe(response);
}
