/**
 * Type-checked lint, with the directions of imports between the layers (src/cli/lint/layers.mjs). There are no
 * warnings: a rule is an error or it is off.
 */
import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import { defineConfig } from 'eslint/config';
import ts from 'typescript-eslint';
import { importsRule } from './src/cli/lint/imports.mjs';

/**
 * Components take longer to lint with types than all other files together: each changes the program. `npm test` leaves
 * the rules that need types to `npm run test:long` there; svelte-check checks the types in both.
 */
const isQuick = process.env.ROUNDS_LINT === 'quick';

const SCRIPTS = ['**/*.{ts,js,mjs}', '**/*.svelte'];
const TESTS = ['**/*.test.ts', '**/testing/**', 'e2e/**/*.ts'];
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
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
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
  ...(isQuick ? [{ ...ts.configs.disableTypeChecked, files: ['**/*.svelte'] }] : []),
  {
    files: TESTS,
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    // Numeric code: `noUncheckedIndexedAccess` also doubts elements of typed arrays inside their bounds.
    files: ['src/engine/**', 'src/image/**', 'src/convert/**'],
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
        ...NO_DOM_IN_ENGINE.map((name) => ({
          name,
          message: 'The engine is pure: what it needs from outside comes through src/engine/ports.ts.',
        })),
      ],
    },
  },
  {
    files: [...SCRIPTS],
    plugins: { rounds: { rules: { imports: importsRule } } },
    rules: { 'rounds/imports': 'error' },
  },
);
