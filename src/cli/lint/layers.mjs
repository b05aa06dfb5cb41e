/**
 * The layers of the source tree and what each may import (docs/architecture.md). Both are data, so that the lint
 * rule in imports.mjs has no cases of its own.
 *
 * @typedef {object} Layer
 * @property {string} name
 * @property {RegExp} files Paths from the project's root. The first layer that matches a file is its layer.
 * @property {readonly string[]} may Names of the layers that it may import, besides itself.
 * @property {readonly string[]} [starts] Layers whose files it may only name in `new URL(…, import.meta.url)`, to start a worker.
 * @property {RegExp} packages Names of the packages that it may import.
 * @property {string} why Reason for the limits, shown in the message.
 */

const NO_PACKAGE = /^(?!)/;
const ANY_PACKAGE = /./;
/** Whole names: `svelte` must not allow `svelte-check`. */
const SVELTE = /^(svelte|@lucide\/svelte)(\/|$)/;

const LOWEST_OF_APP = ['shared'];
const MIDDLE_OF_APP = ['app/text', 'app/cases', 'app/catalogue', 'app/viewer', 'app/clients', 'app/question'];
const BELOW_STATE = [...MIDDLE_OF_APP, 'app/i18n', 'app/browser', 'shared'];
const BELOW_PAGE = ['app/state', 'app/styles', ...BELOW_STATE];
const APP_ORDER =
  'Inside src/app, imports point from components to state, then to text, cases, catalogue, viewer, clients and question, then to i18n and browser.';

/** @param {string} name @returns {Layer} */
const middle = (name) => ({
  name,
  files: new RegExp(`^src/${name}/`),
  may: [...MIDDLE_OF_APP, 'app/i18n', 'app/browser', 'shared'],
  packages: /^(svelte|marked|idb-keyval)(\/|$)/,
  why: APP_ORDER,
});

/** @type {readonly Layer[]} */
export const LAYERS = [
  {
    name: 'tests',
    files: /(\.test\.ts$|\/testing\/|^e2e\/)/,
    may: ['*'],
    packages: ANY_PACKAGE,
    why: 'Tests may import everything.',
  },
  {
    name: 'shared',
    files: /^src\/shared\//,
    may: [],
    packages: /^idb-keyval$/,
    why: 'src/shared is compiled for the page, the workers and Node alike.',
  },
  {
    name: 'engine',
    files: /^src\/engine\//,
    may: ['shared'],
    packages: NO_PACKAGE,
    why: 'The engine is pure: what it needs from outside comes through src/engine/ports.ts.',
  },
  {
    name: 'convert',
    files: /^src\/convert\//,
    may: ['shared'],
    packages: NO_PACKAGE,
    why: 'The converter runs in Node and in a browser, and knows neither.',
  },
  {
    name: 'image',
    files: /^src\/image\//,
    may: ['engine', 'shared'],
    packages: /^@cornerstonejs\//,
    why: 'Image decoding knows neither models nor storage.',
  },
  {
    name: 'runtime/ort',
    files: /^src\/runtime\/ort\//,
    may: ['runtime', 'engine', 'shared'],
    packages: /^onnxruntime-/,
    why: 'src/runtime/ort wraps onnxruntime for the engine’s ports.',
  },
  {
    name: 'runtime',
    files: /^src\/runtime\//,
    may: ['runtime/ort', 'image', 'engine', 'convert', 'shared'],
    packages: /^(@huggingface\/transformers|idb-keyval)$/,
    why: 'The runtime implements the engine’s ports; it knows neither the page nor the workers. Only src/runtime/ort imports onnxruntime, whose settings are global.',
  },
  {
    name: 'worker',
    files: /^src\/worker\//,
    may: ['runtime', 'runtime/ort', 'image', 'engine', 'convert', 'shared'],
    packages: NO_PACKAGE,
    why: 'A worker talks to the page through src/shared/protocol.ts only.',
  },
  {
    name: 'service worker',
    files: /^src\/sw\//,
    may: ['shared'],
    packages: /^workbox-/,
    why: 'The service worker serves files and knows nothing of models.',
  },
  {
    name: 'app/i18n',
    files: /^src\/app\/i18n\//,
    may: LOWEST_OF_APP,
    packages: /^(svelte|intl-messageformat)(\/|$)/,
    why: APP_ORDER,
  },
  {
    name: 'app/browser',
    files: /^src\/app\/browser\//,
    may: LOWEST_OF_APP,
    packages: /^(svelte|idb-keyval|workbox-window)(\/|$)/,
    why: APP_ORDER,
  },
  { ...middle('app/clients'), starts: ['worker'] },
  middle('app/text'),
  middle('app/cases'),
  middle('app/catalogue'),
  middle('app/viewer'),
  middle('app/question'),
  {
    name: 'app/state',
    files: /^src\/app\/state\//,
    may: BELOW_STATE,
    packages: SVELTE,
    why: APP_ORDER,
  },
  {
    name: 'app/styles',
    files: /^src\/app\/styles\//,
    may: [],
    packages: NO_PACKAGE,
    why: 'Styles import nothing.',
  },
  {
    name: 'app/components',
    files: /^src\/app\/components\//,
    may: BELOW_PAGE,
    packages: SVELTE,
    why: APP_ORDER,
  },
  {
    name: 'page',
    files: /^src\/(app\/App\.svelte|main\.ts|harness\.ts)$/,
    may: ['app/components', ...BELOW_PAGE],
    packages: SVELTE,
    why: 'The page reaches the engine through src/app/clients only: it runs in another thread.',
  },
  {
    name: 'fuzz/text',
    // With the modules that it shares with other areas.
    files: /^src\/cli\/fuzz\/(text|caseSeed|mutations|random|types)\.ts$/,
    may: ['app/cases', 'app/text', 'engine', 'shared'],
    packages: NO_PACKAGE,
    why: 'Fuzzing tries every parser of strangers’ files and texts. Two of them belong to the page; it has nothing else of the page.',
  },
  {
    name: 'command line',
    files: /^src\/cli\//,
    may: ['fuzz/text', 'runtime', 'runtime/ort', 'image', 'engine', 'convert', 'shared'],
    packages: ANY_PACKAGE,
    why: 'Commands run the app’s own worker in a browser and share no code with the page; what computes in Node uses the runtime’s CPU build.',
  },
  {
    name: 'models',
    files: /^models\//,
    may: ['command line', 'convert', 'engine', 'shared'],
    packages: ANY_PACKAGE,
    why: 'models/ holds Python and reference vectors; TypeScript there may use the converter.',
  },
  {
    name: 'configuration',
    files: /^[^/]+\.(ts|js)$/,
    may: ['command line', 'shared'],
    packages: ANY_PACKAGE,
    why: 'Configuration uses the command line’s helpers only.',
  },
];

/**
 * @param {string} file From the project's root.
 * @returns {Layer | undefined}
 */
export function layerOf(file) {
  return LAYERS.find(({ files }) => files.test(file));
}
