/**
 * The static server of `npm start`, the end-to-end tests and the commands that run a model. Sends the headers that the app
 * needs, supports byte ranges, and serves nothing outside the given folders. Imports no packages, so that it runs before they
 * are installed.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { headersFor } from '../shared/hostHeaders.mjs';

/** @type {Record<string, string>} */
const MIME_TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.jinja': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.gif': 'image/gif',
  '.bmp': 'image/bmp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.dcm': 'application/dicom',
  '.bin': 'application/octet-stream',
};

/** Files whose names contain a hash of their content, so they can be cached forever. */
const HASHED_ASSET = /\/assets\/[^/]+-[\w-]{8}\.\w+(\.br)?$/;

/**
 * @typedef {object} ServerOptions
 * @property {string} root The folder to serve.
 * @property {string} [base] URL path of the folder, with a slash at the end; '/' by default.
 * @property {Record<string, string>} [mounts] More URL paths below `base`: a folder if the path ends in '/', else a file.
 * @property {boolean} [plain] Without the app's headers, like a host that can't set any.
 * @property {Record<string, string>} [headers] Instead of the app's headers: for pages that aren't the app's.
 *
 * @typedef {object} RunningServer
 * @property {number} port
 * @property {string} url Address of `base`, with a slash at the end.
 * @property {() => Promise<void>} close
 */

/**
 * Serves on loopback addresses only, on `port` or the next free port (0: any port).
 * @param {ServerOptions} options
 * @param {{ port?: number, tries?: number }} [where]
 * @returns {Promise<RunningServer>}
 */
export async function serve(options, { port = 0, tries = 20 } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await listen(options, port === 0 ? 0 : port + attempt);
    } catch (error) {
      const isTaken = /** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE';
      if (!isTaken || port === 0 || attempt + 1 >= tries) throw error;
    }
  }
}

/**
 * @param {ServerOptions} options
 * @param {number} port
 * @returns {Promise<RunningServer>}
 */
async function listen(options, port) {
  const server = createServer((request, response) => void handle(options, request, response));
  await bind(server, port, '127.0.0.1');
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  const servers = [server];
  // For some programs `localhost` is ::1. Without IPv6, or if the port is taken there, IPv4 alone is enough.
  const second = createServer((request, response) => void handle(options, request, response));
  await bind(second, address.port, '::1').then(
    () => servers.push(second),
    () => undefined,
  );
  return {
    port: address.port,
    url: `http://localhost:${address.port}${options.base ?? '/'}`,
    close: async () => {
      await Promise.all(servers.map(stop));
    },
  };
}

/**
 * @param {import('node:http').Server} server
 * @param {number} port
 * @param {string} host
 * @returns {Promise<void>}
 */
function bind(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * @param {import('node:http').Server} server
 * @returns {Promise<void>}
 */
function stop(server) {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/**
 * @param {ServerOptions} options
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function handle(options, request, response) {
  try {
    if (!options.plain) {
      const [path = '/'] = (request.url ?? '/').split('?', 1);
      const headers = options.headers ?? headersFor(path);
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return refuse(response, 405);
    }
    const path = resolvePath(options, request.url ?? '/');
    if (path === null) return refuse(response, 404);
    const found = await stat(path).catch(() => null);
    if (!found?.isFile()) return refuse(response, 404);
    const copy = acceptsBrotli(request) ? await stat(`${path}.br`).catch(() => null) : null;
    response.setHeader('Vary', 'Accept-Encoding');
    if (copy?.isFile()) response.setHeader('Content-Encoding', 'br');
    response.setHeader('Content-Type', typeOf(path));
    if (copy?.isFile()) sendFile(request, response, `${path}.br`, copy);
    else sendFile(request, response, path, found);
  } catch {
    if (response.headersSent) response.destroy();
    else refuse(response, 500);
  }
}

/**
 * The file path for a request, or null if the request can't name a served file.
 * @param {ServerOptions} options
 * @param {string} requestUrl
 * @returns {string | null}
 */
export function resolvePath(options, requestUrl) {
  const path = decodePath(requestUrl);
  const base = options.base ?? '/';
  if (path === null || !path.startsWith(base)) return null;
  const local = `/${path.slice(base.length)}`;
  const mounts = options.mounts ?? {};
  if (Object.hasOwn(mounts, local)) return mounts[local] ?? null;
  for (const [mount, target] of Object.entries(mounts)) {
    if (mount.endsWith('/') && local.startsWith(mount)) return join(target, local.slice(mount.length));
  }
  return join(options.root, local.endsWith('/') ? `${local}index.html` : local);
}

/**
 * The decoded path of a request, or null if it contains something unsafe: `..` (also percent-encoded, which URL parsers
 * don't resolve), a backslash, a NUL or a hidden file.
 * @param {string} requestUrl
 * @returns {string | null}
 */
function decodePath(requestUrl) {
  const raw = requestUrl.split(/[?#]/, 1)[0] ?? '/';
  let path;
  try {
    path = decodeURIComponent(raw);
  } catch {
    return null;
  }
  if (!path.startsWith('/') || /[\0\\]/.test(path) || (sep !== '/' && path.includes(sep))) return null;
  return path.split('/').some((part) => part.startsWith('.')) ? null : path;
}

/**
 * @param {string} path
 * @returns {string}
 */
function typeOf(path) {
  return MIME_TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream';
}

/**
 * Whether a brotli copy may be sent (src/cli/precompress.ts). A range is one of the file as it is.
 * @param {import('node:http').IncomingMessage} request
 */
function acceptsBrotli({ headers }) {
  const codings = String(headers['accept-encoding'] ?? '').split(',');
  return (
    headers.range === undefined &&
    codings.some((coding) => /^\s*br\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/.test(coding))
  );
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 * @param {string} path
 * @param {import('node:fs').Stats} file
 */
function sendFile(request, response, path, file) {
  const etag = `"${file.size.toString(16)}-${Math.floor(file.mtimeMs).toString(16)}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Accept-Ranges', 'bytes');
  const isHashed = HASHED_ASSET.test((request.url ?? '').split('?', 1)[0] ?? '');
  response.setHeader('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();

  const range = parseRange(request.headers.range, file.size);
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${file.size}`);
    return refuse(response, 416);
  }
  const { start, end } = range ?? { start: 0, end: file.size - 1 };
  if (range) response.setHeader('Content-Range', `bytes ${start}-${end}/${file.size}`);
  response.setHeader('Content-Length', end - start + 1);
  response.writeHead(range ? 206 : 200);
  if (request.method === 'HEAD' || end < start) return void response.end();
  pipeline(createReadStream(path, { start, end }), response, () => undefined);
}

/**
 * One inclusive byte range. Null if the whole file must be sent: no header, several ranges, or an invalid form, which
 * RFC 9110 says to ignore.
 * @param {string | undefined} header
 * @param {number} size
 * @returns {{ start: number, end: number } | 'unsatisfiable' | null}
 */
export function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const first = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const last = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== '' && match[1] !== '' && Number(match[2]) < first) return null;
  return first >= size || last < first ? 'unsatisfiable' : { start: first, end: last };
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 */
function refuse(response, status) {
  const text =
    { 404: 'Not found', 405: 'Method not allowed', 416: 'Range not satisfiable' }[status] ?? 'Failed';
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.writeHead(status).end(`${text}\n`);
}
