/** What passes between the command and the process that tries one parser. */

export interface FuzzJob {
  parser: string;
  seed: number;
  /** First input; the corpus is tried only with the first one of all. */
  from: number;
  inputs: number;
  /** Time box. */
  ms: number;
}

/** Of the process: before each input its number (null: the corpus), what it found, and at the end what it needed. */
export type FuzzMessage =
  | { kind: 'trying'; index: number | null }
  | { kind: 'finding'; index: number | null; problem: string; base64: string }
  | { kind: 'done'; tried: number; slowestMs: number; peakBytes: number };
