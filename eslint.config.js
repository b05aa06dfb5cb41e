/**
 * Type-checked lint, with the directions of imports between the layers (docs/architecture.md). A message says
 * why its direction is closed. There are no warnings: a rule is an error or it is off.
 */
import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import { defineConfig } from 'eslint/config';
import ts from 'typescript-eslint';

const SCRIPTS = ['**/*.{ts,js,mjs}', '**/*.svelte'];
const TESTS = ['**/*.test.ts', '**/*.testWorker.ts', 'e2e/**/*.ts', 'models/goldens/**/*.ts'];
/** What these two compute is no answer to anybody: it goes into packs, or tells what quantization costs. */
const ENGINE_IN_NODE = ['src/cli/knownAnswers.ts', 'src/cli/quality.ts'];

/** What the rules of a layer close: import patterns, and why. */
const CLOSED = {
  ort: {
    group: ['onnxruntime-*', 'onnxruntime-*/**'],
    message:
      'Only src/runtime/ort knows onnxruntime: its settings are global, and the engine must run without it.',
  },
  node: {
    group: ['node:*', '**/cli/**', '**/models/**'],
    message: 'The page cannot use Node, and reaches the converter through the library’s worker only.',
  },
  nodeFromWorker: {
    group: ['node:*', '**/cli/**', '**/src/cli/convert/**', '**/models/goldens/**', '**/models/train/**'],
    message: 'Workers cannot use Node. Of models/ only the converter’s pure core runs in the browser too.',
  },
  everything: {
    group: ['../*'],
    message: 'src/shared is compiled for the page, the workers and Node alike, so it imports nothing else.',
  },
  engineFromPage: {
    group: ['**/engine/**', '**/runtime/**', '**/worker/**', '**/sw/**', '@huggingface/*'],
    message:
      'The page reaches the engine through src/app/clients/engineClient.ts only: it lives in another thread.',
  },
  outsideOfEngine: {
    group: ['**/app/**', '**/runtime/**', '**/worker/**', 'svelte', 'svelte/**', 'idb-keyval'],
    message: 'The engine is pure: what it needs from outside comes through src/engine/ports.ts.',
  },
  aboveRuntime: {
    group: ['**/app/**', '**/worker/**', 'svelte', 'svelte/**'],
    message: 'The runtime implements the engine’s ports; it knows neither the page nor who wires it.',
  },
  pageFromWorker: {
    group: ['**/app/**', 'svelte', 'svelte/**'],
    message: 'The worker speaks to the page through src/shared/protocol.ts only.',
  },
  appFromOutside: {
    group: ['**/app/**', '**/engine/**', '**/runtime/**', '**/worker/**', '**/sw/**'],
    message:
      'Only src/shared is common with the app: the command line runs the app’s own worker in a browser.',
  },
  pageAndWorker: {
    group: ['**/app/**', '**/worker/**', '**/sw/**'],
    message: 'In Node the engine runs on the runtime’s CPU build, without the page and without its worker.',
  },
  testHelpers: {
    group: ['**/*.test', '**/*.testWorker', '**/testModel', '**/testCase'],
    message: 'Shipped code never imports test helpers.',
  },
};

/**
 * A layer and the directions that are closed to it. A later layer replaces an earlier one for its files.
 * @param {string[]} files
 * @param {{ group: string[], message: string }[]} closed
 * @returns {import('eslint').Linter.Config}
 */
const layer = (files, ...closed) => ({
  files,
  ignores: TESTS,
  rules: { 'no-restricted-imports': ['error', { patterns: [...closed, CLOSED.testHelpers] }] },
});

const layers = [
  layer(['src/shared/**'], CLOSED.ort, CLOSED.node, CLOSED.everything),
  layer(['src/app/**', 'src/main.ts', 'src/harness.ts'], CLOSED.ort, CLOSED.node, CLOSED.engineFromPage),
  layer(['src/engine/**'], CLOSED.ort, CLOSED.node, CLOSED.outsideOfEngine),
  layer(['src/runtime/**'], CLOSED.ort, CLOSED.nodeFromWorker, CLOSED.aboveRuntime),
  layer(['src/runtime/ort/**'], CLOSED.nodeFromWorker, CLOSED.aboveRuntime),
  layer(['src/worker/**'], CLOSED.ort, CLOSED.nodeFromWorker, CLOSED.pageFromWorker),
  layer(['src/sw/**', 'models/**', 'src/cli/**'], CLOSED.ort, CLOSED.appFromOutside),
  layer(ENGINE_IN_NODE, CLOSED.ort, CLOSED.pageAndWorker),
];

const NO_DOM_IN_ENGINE = [
  'window',
  'document',
  'navigator',
  'indexedDB',
  'caches',
  'fetch',
  'self',
  'process',
];

export default defineConfig(
  {
    ignores: [
      'dist/',
      'node_modules/',
      '.cache/',
      'public/',
      'test-results/',
      'playwright-report/',
      'coverage/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  ...ts.configs.recommendedTypeChecked,
  ...svelte.configs.recommended,
  {
    files: SCRIPTS,
    languageOptions: {
      parserOptions: {
        // One program for each side, so that a name of another side (`document` in a worker) is an error.
        project: ['./tsconfig.app.json', './tsconfig.worker.json', './tsconfig.node.json'],
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      // TypeScript knows which names exist.
      'no-undef': 'off',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // An interface of async methods is met by methods that happen not to wait.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { globals: globals.browser, parserOptions: { parser: ts.parser } },
  },
  {
    files: TESTS,
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    // Numeric code: `noUncheckedIndexedAccess` also doubts elements of typed arrays inside their bounds.
    files: ['src/engine/**', 'src/image/**', 'models/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  // Plain JavaScript is checked by `tsc` through JSDoc; the rules on `any` see too little of its types.
  {
    files: ['**/*.{js,mjs}'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
  {
    files: ['src/engine/**'],
    ignores: TESTS,
    rules: {
      'no-restricted-globals': [
        'error',
        ...NO_DOM_IN_ENGINE.map((name) => ({ name, message: CLOSED.outsideOfEngine.message })),
      ],
    },
  },
  ...layers,
);
