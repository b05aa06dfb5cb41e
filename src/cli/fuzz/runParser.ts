/** Tries one parser in processes of its own: a new one after each input that hangs, or takes more memory than there may be. */
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROJECT } from '../install.mjs';
import type { FuzzJob, FuzzMessage } from './messages';
import { parserOf } from './parsers';
import { makeInput, MAX_INPUT_MS } from './tryInputs';

/** What an input may take before its process is ended: a slow one is tried three times. */
const HANG_MS = 10 * MAX_INPUT_MS;
const MAX_HEAP_MB = 1000;
/** A parser that fails this often is broken, not surprised. */
const MAX_RESTARTS = 20;

export interface FuzzReport {
  tried: number;
  slowestMs: number;
  peakBytes: number;
  findings: string[];
}

interface Attempt {
  report: FuzzReport;
  /** The input at which the process ended, if it didn't reach the end. */
  lost: number | null;
}

/** @param findingsFolder gets the inputs that broke the parser */
export async function runParser(
  job: FuzzJob,
  findingsFolder: string,
  signal: AbortSignal,
): Promise<FuzzReport> {
  const start = performance.now();
  const total: FuzzReport = { tried: 0, slowestMs: 0, peakBytes: 0, findings: [] };
  let { from } = job;
  for (let restarts = 0; restarts <= MAX_RESTARTS; restarts++) {
    const ms = job.ms - (performance.now() - start);
    const { report, lost } = await attempt({ ...job, from, ms }, findingsFolder, signal);
    total.tried += report.tried;
    total.slowestMs = Math.max(total.slowestMs, report.slowestMs);
    total.peakBytes = Math.max(total.peakBytes, report.peakBytes);
    total.findings.push(...report.findings);
    if (lost === null || signal.aborted) break;
    // The corpus breaks it; what comes after that has to wait.
    if (lost === Infinity) break;
    total.tried += lost - from + 1;
    from = lost + 1;
  }
  return total;
}

function attempt(job: FuzzJob, folder: string, signal: AbortSignal): Promise<Attempt> {
  const loader = pathToFileURL(join(PROJECT, 'node_modules/tsx/dist/loader.mjs')).href;
  const child = fork(join(import.meta.dirname, 'child.ts'), [JSON.stringify(job)], {
    execArgv: ['--import', loader, `--max-old-space-size=${MAX_HEAP_MB}`],
    signal,
    stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
  });
  const report: FuzzReport = { tried: 0, slowestMs: 0, peakBytes: 0, findings: [] };
  const find = (index: number | null, problem: string, bytes?: Uint8Array): void => {
    report.findings.push(index === null ? problem : `input ${index} ${problem}`);
    save(folder, job, index, bytes ?? inputOf(job, index));
  };
  return new Promise((resolve, reject) => {
    let [index, isDone, hasHung] = [null as number | null, false, false];
    let timer = setTimeout(() => undefined, 0);
    const watch = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        hasHung = true;
        child.kill('SIGKILL');
      }, HANG_MS);
    };
    child.on('message', (message: FuzzMessage) => {
      watch();
      if (message.kind === 'trying') index = message.index;
      else if (message.kind === 'finding')
        find(message.index, message.problem, Buffer.from(message.base64, 'base64'));
      else {
        isDone = true;
        Object.assign(report, { ...message, findings: report.findings });
      }
    });
    child.once('error', (error) => (signal.aborted ? undefined : reject(error)));
    child.once('close', () => {
      clearTimeout(timer);
      if (!isDone && !signal.aborted)
        find(index, hasHung ? `took more than ${HANG_MS} ms` : 'ended its process (out of memory?)');
      resolve({ report, lost: isDone ? null : (index ?? Infinity) });
    });
    watch();
  });
}

function inputOf({ parser: name, seed }: FuzzJob, index: number | null): Uint8Array {
  const parser = parserOf(name);
  return index === null ? new Uint8Array() : makeInput(parser, parser.seeds(), seed, index);
}

function save(folder: string, { parser, seed }: FuzzJob, index: number | null, bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  mkdirSync(join(folder, parser), { recursive: true });
  writeFileSync(join(folder, parser, `${seed}-${index ?? 'corpus'}.bin`), bytes);
}
