/**
 * Response headers of the app, in one place: the static server sets them, the dev server sets the first two,
 * and the service worker adds them on hosts that cannot (src/sw/sw.ts).
 */

/** Cross-origin isolation: shared memory, and with it threads, for the wasm backend. */
export const ISOLATION_HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * Nothing but the app's own files, and no connection but to `connect`. `wasm-unsafe-eval` compiles the
 * runtime; inline styles are what Svelte's transitions and style attributes need. A worker does not take the
 * policy of its page, so every response carries one.
 * @param {string} connect
 */
function contentSecurityPolicy(connect) {
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    `connect-src ${connect}`,
    "img-src 'self' blob: data:",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Of the page and of every worker that sees an image or a question. */
const CONTENT_SECURITY_POLICY = contentSecurityPolicy("'self'");

/**
 * Of the library's worker alone, which fetches models: from any host over https, or from a mirror
 * on this machine. It never gets an image, a question or an answer (src/shared/library.ts has all its messages).
 */
const LIBRARY_SECURITY_POLICY = contentSecurityPolicy("'self' https: http://localhost:* http://127.0.0.1:*");

/** The script of the library's worker, as the build names it. Workers that it starts have their own names and policies. */
const LIBRARY_WORKER = /\/assets\/library\.worker-[\w-]+\.js$/;

const COMMON_HEADERS = {
  ...ISOLATION_HEADERS,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  // The camera on a visitor's click; no other sensor.
  'Permissions-Policy': 'camera=(self), microphone=(), geolocation=(), display-capture=()',
};

/**
 * All headers of a response, as the static server sends them.
 * @param {string} path of the request's address, without query
 * @returns {Record<string, string>}
 */
export function headersFor(path) {
  const policy = LIBRARY_WORKER.test(path) ? LIBRARY_SECURITY_POLICY : CONTENT_SECURITY_POLICY;
  return { ...COMMON_HEADERS, 'Content-Security-Policy': policy };
}
