/**
 * The service worker. It does two things:
 *
 * - caches the app shell (listed at build time) for visits without a network;
 * - adds the isolation and security headers where the host does not send them (src/shared/hostHeaders.mjs),
 *   which is what makes a plain file host give the wasm backend its threads.
 *
 * It doesn't cache the runtime's wasm files and the model's shards: loadOrt.ts and the shard store do.
 * A new version waits until the page requests it, so an update never reloads a page that is answering.
 */
/// <reference lib="webworker" />
import { clientsClaim } from 'workbox-core';
import { cleanupOutdatedCaches, getCacheKeyForURL, matchPrecache, precache } from 'workbox-precaching';
import { headersFor } from '../shared/hostHeaders.mjs';

declare const self: ServiceWorkerGlobalScope;

/** Requests whose responses become a document or a worker: those are what the headers act on. */
const HEADED_DESTINATIONS: readonly RequestDestination[] = [
  'document',
  'iframe',
  'script',
  'worker',
  'sharedworker',
];

precache(self.__WB_MANIFEST);
cleanupOutdatedCaches();
clientsClaim();

self.addEventListener('message', (event) => {
  if ((event.data as { type?: string } | null)?.type === 'SKIP_WAITING') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return;
  const isPrecached = precachedUrl(request) !== undefined;
  if (isPrecached || HEADED_DESTINATIONS.includes(request.destination)) event.respondWith(answer(request));
});

/** The precache's name for a request: without query, and a folder means its index.html. */
function precachedUrl(request: Request): string | undefined {
  const url = new URL(request.url);
  url.search = '';
  url.hash = '';
  if (url.pathname.endsWith('/')) url.pathname += 'index.html';
  return getCacheKeyForURL(url.href) ? url.href : undefined;
}

async function answer(request: Request): Promise<Response> {
  const url = precachedUrl(request);
  const cached = url ? await matchPrecache(url) : undefined;
  return withHeaders(new URL(request.url).pathname, cached ?? (await fetch(request)));
}

/** A copy of the response with the headers that it lacks; the host's own headers stay. */
function withHeaders(path: string, response: Response): Response {
  // Opaque and redirected responses must be passed on unchanged.
  if (response.type === 'opaque' || response.type === 'opaqueredirect' || response.redirected)
    return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(headersFor(path))) {
    if (!headers.has(name)) headers.set(name, value);
  }
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
