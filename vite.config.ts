/**
 * One Vite configuration for the page (index.html), the command line's harness (harness.html), the worker and
 * the service worker.
 */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { compressedAsset } from './src/cli/compressedAsset.ts';
import { sourceHash, STAMP_FILE } from './src/cli/build.mjs';
import { precompress } from './src/cli/precompress.ts';
import { ISOLATION_HEADERS } from './src/shared/hostHeaders.mjs';

/**
 * @huggingface/transformers is here for its tokenizer and chat template only, but it imports the whole of
 * onnxruntime-web/webgpu at its top level: a second copy of that JavaScript and a 27 MB wasm file. The
 * tokenizer never calls it; onnxruntime-common has the names that are read while the module starts.
 */
function tokenizerWithoutOrt(): Plugin {
  return {
    name: 'rounds:tokenizer-without-ort',
    enforce: 'pre',
    resolveId(source, importer, options) {
      if (source !== 'onnxruntime-web/webgpu' || !importer?.includes('@huggingface/transformers'))
        return null;
      return this.resolve('onnxruntime-common', importer, { ...options, skipSelf: true });
    },
  };
}

/**
 * The glue of the image decoders asks for `fs` and `path` where it runs in Node. A browser never gets there; an empty
 * module instead says so to the bundler, which would warn.
 */
function decodersWithoutNode(): Plugin {
  const EMPTY = '\0rounds:empty';
  return {
    name: 'rounds:decoders-without-node',
    enforce: 'pre',
    resolveId: (source, importer) =>
      (source === 'fs' || source === 'path') && importer?.includes('@cornerstonejs') ? EMPTY : null,
    load: (id) => (id === EMPTY ? 'export {};' : null),
  };
}

/**
 * A worker's script must not be imported by its own chunks: WebKit evaluates it a second time then, and two handlers answer
 * every message, one of them without a model. So the script that is started only imports what the chunks share.
 */
function workerEntryApart(): Plugin {
  return {
    name: 'rounds:worker-entry-apart',
    options: (options) => ({ ...options, preserveEntrySignatures: 'strict' }),
  };
}

/** Leaves the hash of the sources with the site, for src/cli/build.mjs to tell whether it is stale. */
function sourceStamp(): Plugin {
  let hash = '';
  let folder: string | null = null;
  return {
    name: 'rounds:source-stamp',
    apply: 'build',
    // Before anything is read: what changes during the build makes the result stale.
    buildStart: () => {
      hash = sourceHash();
    },
    writeBundle: ({ dir }) => {
      folder = dir ?? null;
    },
    // Also called after a failure, but then nothing was written.
    closeBundle: {
      order: 'post',
      sequential: true,
      handler: () => {
        if (folder) writeFileSync(join(folder, STAMP_FILE), hash);
      },
    },
  };
}

/**
 * The app shell is precached. Not the runtime's wasm (up to 27 MB each, of which a browser needs one:
 * src/runtime/ort/loadOrt.ts keeps it in its own cache), not model shards (they go to IndexedDB), and not
 * the command line's harness.
 */
const pwa = VitePWA({
  strategies: 'injectManifest',
  srcDir: 'src/sw',
  filename: 'sw.ts',
  injectRegister: false,
  registerType: 'prompt',
  manifest: false,
  injectManifest: {
    globPatterns: [
      '*.{html,svg,png,webmanifest}',
      'assets/**/*.{js,mjs,css,svg,woff2}',
      // The decoder of JPEG 2000: small, and a file that needs it is opened offline too.
      'assets/openjpeg*.wasm',
      'samples/**/*',
      'models/catalogue.json',
      'models/*/card.json',
    ],
    globIgnores: ['harness.html', 'assets/harness-*'],
    maximumFileSizeToCacheInBytes: 8 * 1024 * 1024,
  },
  devOptions: { enabled: false },
});

/** Hosts don't know `.mjs` (Debian's nginx sends it as application/octet-stream, which no browser runs), but all know `.js`. */
const assetFileNames = ({ names }: { names: string[] }): string =>
  names.some((name) => name.endsWith('.mjs')) ? 'assets/[name]-[hash].js' : 'assets/[name]-[hash][extname]';

export default defineConfig({
  // Relative: the built site works in any folder of any host.
  base: './',
  plugins: [
    tokenizerWithoutOrt(),
    decodersWithoutNode(),
    compressedAsset(),
    svelte({ configFile: false }),
    pwa,
    // After the service worker was written, before the build counts as finished.
    precompress(join(import.meta.dirname, '.cache/brotli')),
    sourceStamp(),
  ],
  resolve: {
    // Take the builds of onnxruntime-web that load their wasm and its glue from URLs given at run time;
    // the default "bundle" builds start their threads from a file name that a bundler has changed.
    conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions],
  },
  optimizeDeps: {
    // Both are plain ES modules. Prebundling would hide the import that tokenizerWithoutOrt redirects.
    exclude: ['onnxruntime-web', '@huggingface/transformers'],
  },
  worker: {
    format: 'es',
    plugins: () => [tokenizerWithoutOrt(), decodersWithoutNode(), compressedAsset(), workerEntryApart()],
    rolldownOptions: { output: { assetFileNames } },
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: { index: 'index.html', harness: 'harness.html' },
      output: { assetFileNames },
      checks: { pluginTimings: false },
    },
  },
  server: { headers: ISOLATION_HEADERS },
  preview: { headers: ISOLATION_HEADERS },
});
