/** What `npm test` and `npm run test:long` consist of. */

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {string[]} command A script of node_modules and its arguments.
 * @property {boolean} [hasTests] Counted test by test (events.mjs); otherwise the stage is one check.
 * @property {NodeJS.ProcessEnv} [env]
 */

const REPORTERS = 'src/cli/testRun';

/** @param {string} project @returns {string[]} */
const vitest = (project) => [
  'vitest/vitest.mjs',
  'run',
  '--project',
  project,
  '--reporter=default',
  `--reporter=./${REPORTERS}/vitestReporter.mjs`,
];

const playwright = [
  '@playwright/test/cli.js',
  'test',
  `--reporter=list,./${REPORTERS}/playwrightReporter.mjs`,
];

const LINT = ['eslint/bin/eslint.js', '.', '--max-warnings', '0'];
const BUILD = ['vite/bin/vite.js', 'build', '--logLevel', 'warn'];

/** Each keeps one core busy, so two run at a time; the longest comes first. @type {Stage[]} */
export const CHECKS = [
  { name: 'lint', command: LINT, env: { ROUNDS_LINT: 'quick' } },
  {
    name: 'types:page',
    command: ['svelte-check/bin/svelte-check', '--tsconfig', 'tsconfig.app.json', '--fail-on-warnings'],
  },
  { name: 'types:node', command: ['typescript/bin/tsc', '-p', 'tsconfig.node.json'] },
  { name: 'types:worker', command: ['typescript/bin/tsc', '-p', 'tsconfig.worker.json'] },
  { name: 'format', command: ['prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'] },
  { name: 'build', command: BUILD },
  { name: 'browser', command: vitest('browser'), hasTests: true },
];

/** Each takes all cores by itself. @type {Stage[]} */
export const TESTS = [
  { name: 'unit', command: vitest('unit'), hasTests: true },
  { name: 'e2e', command: playwright, hasTests: true },
];

/** @type {Stage[]} */
export const LONG = [
  { name: 'lint', command: LINT },
  { name: 'build', command: BUILD },
  { name: 'e2e:long', command: playwright, hasTests: true, env: { ROUNDS_LONG: '1' } },
  { name: 'screenshots', command: ['tsx/dist/cli.mjs', 'e2e/screenshots.ts', '--all', '.cache/screenshots'] },
];
