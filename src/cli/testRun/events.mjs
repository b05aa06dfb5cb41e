/**
 * What a test runner reports while it runs: a line of JSON for each test that begins and ends. If the runner is killed
 * or crashes, the lines that are there still show what passed and which tests were cut off.
 *
 * @typedef {{ event: 'begin', id: string, name: string }} Begin
 * @typedef {{ event: 'end', id: string, status: 'passed' | 'failed' | 'skipped' }} End
 * @typedef {{ passed: number, failed: number, skipped: number, cut: string[] }} Summary
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Environment variable with the path of the file that the reporters append to. */
export const EVENTS_FILE = 'ROUNDS_TEST_EVENTS';

/** @param {Begin | End} event */
export function appendEvent(event) {
  const file = process.env[EVENTS_FILE];
  if (file) appendFileSync(file, `${JSON.stringify(event)}\n`);
}

/**
 * Counts each test once, by its last result. A test that began and never ended counts as failed and is named.
 * @param {string} text Lines of JSON; a last line that was cut off is ignored.
 * @returns {Summary}
 */
export function summarize(text) {
  /** @type {Map<string, string>} */
  const open = new Map();
  /** @type {Map<string, End['status']>} */
  const results = new Map();
  for (const line of text.split('\n')) {
    const event = parse(line);
    if (event?.event === 'begin') open.set(event.id, event.name);
    if (event?.event === 'end') {
      open.delete(event.id);
      results.set(event.id, event.status);
    }
  }
  const statuses = [...results.values()];
  /** @param {string} status */
  const count = (status) => statuses.filter((known) => known === status).length;
  return {
    passed: count('passed'),
    failed: count('failed') + open.size,
    skipped: count('skipped'),
    cut: [...open.values()],
  };
}

/**
 * @param {string} line
 * @returns {Begin | End | null}
 */
function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/**
 * @param {string} file
 * @returns {Summary}
 */
export function readSummary(file) {
  return summarize(existsSync(file) ? readFileSync(file, 'utf8') : '');
}
