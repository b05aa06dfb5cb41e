/** The steps of a rehearsal as a Markdown table: time in seconds and peak memory in megabytes. */
import type { MemoryPeaks } from './memory';

export interface StepResult {
  step: string;
  seconds: number;
  /** null for steps that run outside the browser. */
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

/** The table's head. Rows are printed as steps finish, so that nothing is lost if a later step fails. */
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
