/** The steps of a rehearsal as a Markdown table: time, and peaks of memory in megabytes. */
import type { MemoryPeaks } from './memory';

export interface StepResult {
  step: string;
  seconds: number;
  /** null for steps outside of the browser. */
  peaks: MemoryPeaks | null;
  remark: string;
}

const HEAD = [
  'step',
  'seconds',
  'JavaScript, MB',
  'page process, MB',
  'GPU process, MB',
  'whole browser, MB',
  '',
];

export function formatTable(steps: readonly StepResult[]): string {
  const rows = steps.map(({ step, seconds, peaks, remark }) => [
    step,
    seconds.toFixed(1),
    megabytes(peaks?.script),
    megabytes(peaks?.page),
    megabytes(peaks?.gpu),
    megabytes(peaks?.browser),
    remark,
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(HEAD), line(HEAD.map(() => '---')), ...rows.map(line), ''].join('\n');
}

function megabytes(bytes: number | null | undefined): string {
  return bytes === null || bytes === undefined ? '–' : (bytes / 1e6).toFixed(0);
}
