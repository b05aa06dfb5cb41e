/** Runs one stage and counts what it did. A stage has no time limit; a test that hangs for long ends it, by name. */
import { spawn } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../install.mjs';
import { EVENTS_FILE, readSummary } from './events.mjs';

/**
 * @typedef {import('./stages.mjs').Stage} Stage
 * @typedef {{ passed: number, failed: number, skipped: number }} Count
 */

/** No single test takes so long (Playwright’s own limit is below it): nothing has begun or ended for this time. */
const SILENCE_LIMIT_MS = 20 * 60_000;
const WATCH_MS = 5_000;

/**
 * @param {Stage} stage
 * @param {{ folder: string, isQuiet?: boolean }} options `folder` for the events; quiet output is printed at the end, so
 *   that stages that run side by side don't mix.
 * @returns {Promise<Count>}
 */
export async function runStage(stage, { folder, isQuiet = false }) {
  const events = join(folder, `${stage.name.replace(/\W/g, '-')}.jsonl`);
  rmSync(events, { force: true });
  if (!isQuiet) process.stdout.write(`\n── ${stage.name}\n`);
  const started = performance.now();
  const { exitCode, output } = await run(stage, events, isQuiet);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const { cut, ...count } = stage.hasTests ? countTests(events, exitCode) : countCheck(exitCode);
  if (isQuiet) process.stdout.write(`\n── ${stage.name}\n${output}`);
  for (const name of cut) process.stdout.write(`── cut off: ${name}\n`);
  process.stdout.write(`── ${stage.name}: ${describe(count, exitCode)} in ${seconds} s\n`);
  return count;
}

/** @param {number} exitCode @returns {Count & { cut: string[] }} */
function countCheck(exitCode) {
  return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0, cut: [] };
}

/**
 * An error outside of tests (a rejection nobody caught, a set-up that failed) shows in the exit status only.
 * @param {string} events
 * @param {number} exitCode
 */
function countTests(events, exitCode) {
  const summary = readSummary(events);
  const isLost = summary.failed === 0 && (exitCode !== 0 || summary.passed === 0);
  return isLost ? { ...summary, failed: 1 } : summary;
}

/** @param {Count} count @param {number} exitCode */
function describe({ passed, failed, skipped }, exitCode) {
  const verdict = exitCode === 0 && failed === 0 ? 'ok' : 'FAILED';
  return `${verdict}, ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * @param {Stage} stage
 * @param {string} events
 * @param {boolean} isQuiet
 * @returns {Promise<{ exitCode: number, output: string }>}
 */
function run({ command: [script = '', ...args], env }, events, isQuiet) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(process.execPath, [join(PROJECT, 'node_modules', script), ...args], {
      cwd: PROJECT,
      stdio: ['ignore', isQuiet ? 'pipe' : 'inherit', isQuiet ? 'pipe' : 'inherit'],
      env: { ...process.env, ...env, [EVENTS_FILE]: events },
    });
    const watch = setInterval(() => {
      if (!isSilent(events)) return;
      process.stdout.write('── no test has begun or ended for 20 minutes; the stage is stopped\n');
      child.kill('SIGKILL');
    }, WATCH_MS);
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    /** @param {number} exitCode */
    const end = (exitCode) => {
      clearInterval(watch);
      resolve({ exitCode, output });
    };
    child.once('error', () => end(1));
    child.once('close', (code) => end(code ?? 1));
  });
}

/** @param {string} events */
function isSilent(events) {
  const { mtimeMs } = statSync(events, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
  return Date.now() - mtimeMs > SILENCE_LIMIT_MS;
}

/**
 * Runs stages in two lanes: each of them keeps one core busy.
 * @param {readonly Stage[]} stages
 * @param {{ folder: string }} options
 * @returns {Promise<Count[]>}
 */
export async function runInLanes(stages, options) {
  const waiting = [...stages];
  /** @type {Count[]} */
  const counts = [];
  const lane = async () => {
    for (let stage = waiting.shift(); stage; stage = waiting.shift()) {
      counts.push(await runStage(stage, { ...options, isQuiet: true }));
    }
  };
  await Promise.all([lane(), lane()]);
  return counts;
}
