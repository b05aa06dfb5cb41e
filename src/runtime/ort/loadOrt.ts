/**
 * Loads one of onnxruntime-web's three builds and points it at its own wasm file:
 *
 * - `wasm`: CPU only, 14 MB (4 MB compressed);
 * - `jspi`: WebGPU for browsers with JavaScript Promise Integration, 17 MB (4 MB);
 * - `asyncify`: WebGPU for the others, 27 MB (7 MB).
 *
 * The wasm file is stored in the Cache API, so that the page works offline after the first visit; the service
 * worker doesn't precache it because a page needs only one of the three.
 */
import { RoundsError } from '../../shared/errors';
import { wasmThreads } from '../../shared/wasmWeights';
import type { Ort, OrtBuild } from './build';
import type { WeightsPath } from './externalData';
import { adoptModuleOf } from './wasmHeap';

const RUNTIME_CACHE = 'rounds-runtime';
/** Unit tests run in Node, which has no page address. */
const isNode = !('location' in globalThis);

let loaded: { build: OrtBuild; ort: Promise<Ort> } | null = null;
/** Files that were requested ahead. */
let fetched: { build: OrtBuild; files: Promise<OrtFiles> } | null = null;

interface OrtFiles {
  ort: Ort;
  glue: string;
  ownGlue: string;
  wasmBinary: ArrayBuffer;
}

/** Requests the files of a build, for a `loadOrt` that will follow. What fails then is tried again there. */
export function fetchOrt(build: OrtBuild): void {
  if (isNode || loaded || fetched) return;
  const files = fetchFiles(build);
  files.catch(() => (fetched = null));
  fetched = { build, files };
}

/**
 * One build for each realm: onnxruntime-web keeps its settings and its wasm instance in module state. The WebGPU
 * builds hold the CPU kernels too, so a fall-back to wasm stays with the one that is there.
 *
 * @throws RoundsError download_failed; start_blocked; internal when a WebGPU build is wanted after the wasm one
 */
export async function loadOrt(build: OrtBuild): Promise<Ort> {
  if (isNode) return loadForNode(build);
  if (loaded && loaded.build !== build && build !== 'wasm') {
    throw new RoundsError(
      'internal',
      `The ${loaded.build} runtime is loaded; ${build} needs a fresh worker.`,
    );
  }
  loaded ??= { build, ort: loadInBrowser(build) };
  return loaded.ort.catch((error: unknown) => {
    loaded = null;
    throw error;
  });
}

async function fetchFiles(build: OrtBuild): Promise<OrtFiles> {
  requireWasm();
  const { ORT_ASSETS, OWN_GLUE } = await import('./assets');
  const { glue, binary } = ORT_ASSETS[build];
  const [ort, wasmBinary] = await Promise.all([importBuild(build), fetchWasm(binary)]);
  return { ort, glue: absolute(glue), ownGlue: absolute(OWN_GLUE), wasmBinary };
}

async function loadInBrowser(build: OrtBuild): Promise<Ort> {
  const ahead = fetched?.build === build ? fetched.files.catch(() => fetchFiles(build)) : null;
  fetched = null;
  const { ort, glue, ownGlue, wasmBinary } = await (ahead ?? fetchFiles(build));
  adoptModuleOf(glue);
  ort.env.wasm.wasmPaths = { mjs: ownGlue };
  ort.env.wasm.wasmBinary = wasmBinary;
  ort.env.wasm.numThreads = threadCount();
  ort.env.wasm.proxy = false;
  ort.env.logLevel = 'warning';
  return ort;
}

/** The smallest module: its magic number and version. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** @throws RoundsError start_blocked, before megabytes are fetched for nothing */
function requireWasm(): void {
  try {
    new WebAssembly.Module(EMPTY_MODULE);
  } catch (cause) {
    throw new RoundsError(
      'start_blocked',
      "The host’s Content-Security-Policy blocks WebAssembly: its script-src must contain 'wasm-unsafe-eval'.",
      { cause },
    );
  }
}

/** How the loaded build can take weights (externalData.ts). */
export function weightsPath(): WeightsPath {
  if (loaded?.build === 'jspi') return 'streamed';
  return 'FileReaderSync' in globalThis ? 'blobs' : 'memory';
}

export function threadCount(): number {
  return wasmThreads(globalThis.crossOriginIsolated, navigator.hardwareConcurrency);
}

/** Each build is its own chunk; only the chosen one is fetched. */
async function importBuild(build: OrtBuild): Promise<Ort> {
  switch (build) {
    case 'wasm':
      return import('onnxruntime-web/wasm');
    case 'jspi':
      return import('onnxruntime-web/jspi');
    case 'asyncify':
      return import('onnxruntime-web/webgpu');
  }
}

/** Unit tests run the CPU build in Node; its package entry for Node finds the wasm file by itself. */
async function loadForNode(build: OrtBuild): Promise<Ort> {
  if (build !== 'wasm')
    throw new RoundsError('webgpu_unavailable', 'Node has no WebGPU; use the wasm build.');
  // By a variable: a bundler would otherwise add this build, which no browser loads, to the site.
  const entry = 'onnxruntime-web';
  const ort = (await import(/* @vite-ignore */ entry)) as Ort;
  const file = (name: string): string => import.meta.resolve(`${entry}/${name}`);
  adoptModuleOf(file('ort-wasm-simd-threaded.mjs'));
  const mjs = new URL('./glue.mjs', import.meta.url).href;
  ort.env.wasm.wasmPaths = { mjs, wasm: file('ort-wasm-simd-threaded.wasm') };
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'warning';
  return ort;
}

function absolute(url: string): string {
  return new URL(url, globalThis.location.href).href;
}

async function fetchWasm(url: string): Promise<ArrayBuffer> {
  const cache = await openCache();
  const cached = await cache?.match(url);
  if (cached) return unpacked(cached);
  const response = await fetchOk(url);
  if (cache) await replaceCached(cache, url, response.clone());
  return unpacked(response);
}

/** A build's files are gzip, those of the development server are not. */
async function unpacked(response: Response): Promise<ArrayBuffer> {
  const blob = await response.blob();
  const [first, second] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  if (first !== 0x1f || second !== 0x8b) return blob.arrayBuffer();
  return new Response(blob.stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

async function fetchOk(url: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new RoundsError('download_failed', `The runtime could not be fetched from ${url}.`, { cause });
  }
  if (!response.ok) {
    throw new RoundsError(
      'download_failed',
      `The runtime could not be fetched: ${url} gave ${response.status}.`,
    );
  }
  return response;
}

/** Null where the Cache API is missing (plain http) or refused (some private windows): then fetch each time. */
async function openCache(): Promise<Cache | null> {
  // The development server's file names have no hash, so an old file would never be replaced.
  if (import.meta.env.DEV) return null;
  try {
    return 'caches' in globalThis ? await caches.open(RUNTIME_CACHE) : null;
  } catch {
    return null;
  }
}

/** File names carry a hash of the content: an entry of the same build under another name is out of date. */
async function replaceCached(cache: Cache, url: string, response: Response): Promise<void> {
  try {
    const build = buildName(url);
    for (const request of await cache.keys()) {
      if (buildName(request.url) === build) await cache.delete(request);
    }
    await cache.put(url, response);
  } catch {
    // No room: the page still works, only not offline.
  }
}

/** `…/ort-wasm-simd-threaded.jspi-Bc3f0aZ_.bin` → `ort-wasm-simd-threaded.jspi`. */
function buildName(url: string): string {
  const file = new URL(url, globalThis.location.href).pathname.split('/').pop() ?? '';
  return file.replace(/(-[\w-]{8})?\.(bin|wasm)$/, '');
}
