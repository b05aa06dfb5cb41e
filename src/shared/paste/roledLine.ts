import type { LineRole } from './key';
import type { Line } from './line';

/** A line of a paste, with its part in it. */
export interface RoledLine extends Line {
  role: LineRole['role'];
  /** What a key line names. */
  value: string;
}
