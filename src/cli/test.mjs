/**
 * `npm test`: installs what is missing, runs every check and test, and ends with `N passed, N failed`. A stage
 * that fails does not keep the others from running. A check (format, lint, types, build) counts as one; tests
 * are counted one by one from their reporters.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBrowser } from './browser.mjs';
import { ensureInstalled, PROJECT } from './install.mjs';

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Count
 * @typedef {object} Stage
 * @property {string} name
 * @property {string[]} command A script of node_modules and its arguments.
 * @property {(exitCode: number, report: unknown) => Count} [count] From the JSON report; one check where absent.
 * @property {NodeJS.ProcessEnv} [env]
 */

const REPORTS = join(PROJECT, '.cache/test-reports');
/** Far above what any stage takes; a stage that hangs must not keep the last line from being printed. */
const STAGE_LIMIT_MS = 30 * 60_000;

const HELP = `npm test [-- --only STAGE]

Runs every check and test and ends with a line "N passed, N failed".
Stages: format, lint, types:page, types:worker, types:node, unit, browser, build, e2e.
`;

/** @param {string} project */
const vitest = (project) => [
  'vitest/vitest.mjs',
  'run',
  '--project',
  project,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${reportFile(project)}`,
];

/** @type {Stage[]} */
const STAGES = [
  { name: 'format', command: ['prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'] },
  { name: 'lint', command: ['eslint/bin/eslint.js', '.', '--max-warnings', '0'] },
  {
    name: 'types:page',
    command: ['svelte-check/bin/svelte-check', '--tsconfig', 'tsconfig.app.json', '--fail-on-warnings'],
  },
  { name: 'types:worker', command: ['typescript/bin/tsc', '-p', 'tsconfig.worker.json'] },
  { name: 'types:node', command: ['typescript/bin/tsc', '-p', 'tsconfig.node.json'] },
  { name: 'unit', command: vitest('unit'), count: countVitest },
  { name: 'browser', command: vitest('browser'), count: countVitest },
  { name: 'build', command: ['vite/bin/vite.js', 'build', '--logLevel', 'warn'] },
  {
    name: 'e2e',
    command: ['@playwright/test/cli.js', 'test', '--reporter=list,json'],
    count: countPlaywright,
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: reportFile('e2e') },
  },
];

/** @param {string} name */
function reportFile(name) {
  return join(REPORTS, `${name}.json`);
}

/**
 * @param {number} exitCode
 * @param {unknown} report
 * @returns {Count}
 */
function countVitest(exitCode, report) {
  const { testResults = [] } =
    /** @type {{ testResults?: { status: string, assertionResults: { status: string }[] }[] }} */ (report);
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const { status, assertionResults } of testResults) {
    for (const test of assertionResults) {
      if (test.status === 'passed') count.passed += 1;
      else if (test.status === 'failed') count.failed += 1;
      else count.skipped += 1;
    }
    // A file that could not even be loaded has no tests to report.
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) count.failed += 1;
  }
  return atLeastOneFailure(count, exitCode);
}

/**
 * @param {number} exitCode
 * @param {unknown} report
 * @returns {Count}
 */
function countPlaywright(exitCode, report) {
  const { stats } =
    /** @type {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number } }} */ (
      report
    );
  const count = { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped };
  return atLeastOneFailure(count, exitCode);
}

/**
 * Errors outside of tests (a stray rejection, a set-up that failed) show in the exit code only.
 * @param {Count} count
 * @param {number} exitCode
 * @returns {Count}
 */
function atLeastOneFailure(count, exitCode) {
  return exitCode !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

/**
 * @param {Stage} stage
 * @returns {Promise<Count>}
 */
async function runStage({ name, command: [script = '', ...args], count, env }) {
  process.stdout.write(`\n── ${name}\n`);
  const started = performance.now();
  const exitCode = await run(join(PROJECT, 'node_modules', script), args, env ?? {});
  const counted = countStage(exitCode, count ? reportFile(name) : null, count);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const verdict = exitCode === 0 && counted.failed === 0 ? 'ok' : 'FAILED';
  const skipped = counted.skipped > 0 ? `, ${counted.skipped} skipped` : '';
  process.stdout.write(
    `── ${name}: ${verdict} in ${seconds} s (${counted.passed} passed, ${counted.failed} failed${skipped})\n`,
  );
  return counted;
}

/**
 * @param {number} exitCode
 * @param {string | null} file
 * @param {Stage['count']} count
 * @returns {Count}
 */
function countStage(exitCode, file, count) {
  const oneCheck = { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 };
  if (!file || !count) return oneCheck;
  // Without a report the runner itself fell over, whatever it says.
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  return count(exitCode, JSON.parse(readFileSync(file, 'utf8')));
}

/**
 * @param {string} script
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
function run(script, args, env) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: PROJECT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
      timeout: STAGE_LIMIT_MS,
    });
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** @returns {Stage[]} */
function chosenStages() {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const chosen = STAGES.filter(({ name }) => values.only === undefined || name === values.only);
  if (chosen.length === 0) throw new Error(`There is no stage ${values.only}.`);
  return chosen;
}

async function main() {
  const stages = chosenStages();
  await ensureInstalled();
  const total = { passed: 0, failed: 0, skipped: 0 };
  try {
    process.stdout.write(`Browser: ${ensureBrowser()}\n`);
  } catch (error) {
    // The stages that need it will fail and be counted; the others say what they can.
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  rmSync(REPORTS, { recursive: true, force: true });
  mkdirSync(REPORTS, { recursive: true });
  for (const stage of stages) {
    const { passed, failed, skipped } = await runStage(stage);
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  if (total.skipped > 0) process.stdout.write(`\n${total.skipped} skipped; the reasons are above.\n`);
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.stdout.write('\n0 passed, 1 failed\n');
  process.exitCode = 1;
});
