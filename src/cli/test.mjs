/**
 * `npm test` and `npm run test:long`: install what is missing, run every check and test, and end with
 * `N passed, N failed`. A stage that fails does not keep the others from running. A check (format, lint, types, build)
 * counts as one; tests are counted one by one.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBrowser } from './browser.mjs';
import { ensureInstalled, PROJECT } from './install.mjs';
import { checkPython } from './python.mjs';
import { runInLanes, runStage } from './testRun/runStage.mjs';
import { CHECKS, LONG, TESTS } from './testRun/stages.mjs';

/**
 * @typedef {import('./testRun/stages.mjs').Stage} Stage
 * @typedef {import('./testRun/runStage.mjs').Count} Count
 */

const FOLDER = join(PROJECT, '.cache/test-reports');
const PYTHON = 'python';

/** @param {readonly Stage[]} stages */
const names = (stages) => stages.map(({ name }) => name).join(', ');
const HELP = `npm test [-- --only STAGE]
npm run test:long [-- --only STAGE]

Runs every check and test and ends with a line "N passed, N failed".
Stages of npm test: ${names(CHECKS)}, ${PYTHON}, ${names(TESTS)}.
Stages of npm run test:long, the proofs that take long: ${names(LONG)}.
`;

/** @returns {{ isLong: boolean, only: string | undefined }} */
function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      long: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const known = values.long ? LONG : [...CHECKS, ...TESTS];
  if (
    values.only !== undefined &&
    values.only !== PYTHON &&
    !known.some(({ name }) => name === values.only)
  ) {
    throw new Error(`There is no stage ${values.only}. Stages: ${names(known)}, ${PYTHON}.`);
  }
  return { isLong: values.long, only: values.only };
}

/**
 * @param {{ isLong: boolean, only: string | undefined }} options
 * @returns {Promise<Count[]>}
 */
async function runStages({ isLong, only }) {
  /** @param {readonly Stage[]} stages */
  const chosen = (stages) => stages.filter(({ name }) => only === undefined || name === only);
  const counts = isLong ? [] : await runInLanes(chosen(CHECKS), { folder: FOLDER });
  if (!isLong && (only === undefined || only === PYTHON)) counts.push(pythonStage());
  for (const stage of chosen(isLong ? LONG : TESTS)) counts.push(await runStage(stage, { folder: FOLDER }));
  return counts;
}

/** @returns {Count} */
function pythonStage() {
  const { passed, failed, skipped, note } = checkPython();
  process.stdout.write(`\n── ${PYTHON}: ${passed} passed, ${failed} failed, ${skipped} skipped\n${note}\n`);
  return { passed, failed, skipped };
}

/** The stages that need a browser fail and are counted where there is none; the others say what they can. */
function reportBrowser() {
  try {
    process.stdout.write(`Browser: ${ensureBrowser()}\n`);
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}

async function main() {
  const options = readOptions();
  await ensureInstalled();
  reportBrowser();
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const counts = await runStages(options);
  /** @param {'passed' | 'failed' | 'skipped'} key */
  const sum = (key) => counts.reduce((total, count) => total + count[key], 0);
  if (sum('skipped') > 0) process.stdout.write(`\n${sum('skipped')} skipped; the reasons are above.\n`);
  process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed\n`);
  process.exitCode = sum('failed') > 0 || sum('passed') === 0 ? 1 : 0;
}

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.stdout.write('\n0 passed, 1 failed\n');
  process.exitCode = 1;
});
