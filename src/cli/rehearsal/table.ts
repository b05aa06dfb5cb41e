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

/** The head, for the rows that follow one by one: a rehearsal takes long, and what it measured should not be lost. */
export function tableHead(): string {
  return line(HEAD) + line(HEAD.map(() => '---'));
}

export function tableRow({ step, seconds, peaks, remark }: StepResult): string {
  const memory = [peaks?.script, peaks?.page, peaks?.gpu, peaks?.browser].map(megabytes);
  return line([step, seconds.toFixed(1), ...memory, remark]);
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

function megabytes(bytes: number | null | undefined): string {
  return bytes === null || bytes === undefined ? '–' : (bytes / 1e6).toFixed(0);
}
