/** What the page needs to know of files before it shows any: whether they are images, and how DICOM slices belong together. */
import type { WireError } from './errors';

export type Vector = readonly [number, number, number];

/** The elements of a DICOM header that place an image in its series. */
export interface SliceHeader {
  /** Empty if the file doesn't say. */
  seriesUid: string;
  instanceUid: string;
  instanceNumber: number | null;
  /** ImagePositionPatient, in mm. */
  position: Vector | null;
  /** ImageOrientationPatient: the directions of rows and of columns. */
  orientation: readonly [row: Vector, column: Vector] | null;
  rows: number;
  columns: number;
  frames: number;
  photometric: string;
  /**
   * Values that tell apart images at the same position (acquisition, time, echo, …), the most general first; each is empty if
   * the file doesn't say.
   */
  marks: readonly string[];
}

/** What a file is, from its first bytes. */
export type SurveyedFile =
  | { kind: 'slice'; header: SliceHeader }
  /** An image of another format, or a DICOM file whose header can't be read here. */
  | { kind: 'image' }
  /** Anything else, with the reason that opening it would give. */
  | { kind: 'other'; what: 'text' | 'unreadable' | 'unknown'; error: WireError };
