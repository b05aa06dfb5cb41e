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
 * Nothing but the app's own files, and no connection but to its own origin. `wasm-unsafe-eval` compiles the
 * runtime; inline styles are what Svelte's transitions and style attributes need. A worker does not take the
 * policy of its page, so every response carries it.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "object-src 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** All of them, as the static server sends them with every response. */
export const APP_HEADERS = {
  ...ISOLATION_HEADERS,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
