/**
 * The interface between the command line and its page (src/harness.ts). Everything is JSON: it crosses a process
 * boundary. Images are addresses on the command line's own server.
 */
import type { Plane } from './imageFacts';
import type { JobState, LibraryCallName, LibraryCalls } from './library';
import type { Options, PresetId } from './presets';
import type { GenerateParams, GenerationSettings } from './generation';
import type { LoadParams, MeasureParams, ModelInfo, PrepareResult } from './protocol';
import type { ShapeReport } from './shapeReport';

export interface HarnessImage {
  url: string;
  name: string;
  frame?: number;
  window?: [number, number];
  plane?: Plane;
  volume?: number;
}

export type HarnessPart = { type: 'text'; text: string } | { type: 'image'; image: HarnessImage };

export interface HarnessMessage {
  role: 'system' | 'user' | 'assistant';
  content: string | HarnessPart[];
}

/** One case of `infer`, checked and with its images mounted. */
export interface HarnessCase {
  prompt: { messages: HarnessMessage[] };
  settings: GenerationSettings;
  logits: 'none' | 'last' | 'all';
  forceIds?: number[];
  /** What a preset adds to its messages. */
  preset?: Pick<GenerateParams, 'tags' | 'imageLimits'>;
  /** Grades the answer by this system's rules. */
  grading?: { preset: PresetId; options: Options; key: string };
  /** Adds `trace` to the line: pixel values and image features, base64 of little-endian float32. */
  trace?: boolean;
}

/** A decoded image: base64 of 8-bit RGB, rows top down. */
export interface HarnessPixels {
  width: number;
  height: number;
  rgb: string;
}

/** What several answers to one case took. */
export interface HarnessRollouts {
  tokens: number;
  /** All answers together. */
  decodeTokensPerSecond: number;
}

/** `window.rounds` of the harness page. */
export interface HarnessApi {
  load(params: LoadParams): Promise<ModelInfo>;
  /** The result line of a case, or its error line; never throws. */
  run(job: HarnessCase): Promise<HarnessLine>;
  /** Works ahead of a case, whose last message ends where the question begins; throws as load does. */
  prepare(job: HarnessCase): Promise<PrepareResult>;
  /** The case, answered `count` times; throws as load does. */
  rollOut(job: HarnessCase, count: number): Promise<HarnessRollouts>;
  /** Measures a shape; throws as load does. */
  measure(params: MeasureParams): Promise<ShapeReport>;
  /** The image as the app's decoder reads it; throws as load does. */
  decode(image: HarnessImage): Promise<HarnessPixels>;
  /** The model library; throws as load does. Files and blobs do not cross the process boundary: they stay in the page. */
  library<K extends LibraryCallName>(call: K, params: LibraryCalls[K][0]): Promise<LibraryCalls[K][1]>;
  /** The jobs as the library reported them last. */
  jobs(): JobState[];
}

export interface HarnessLine {
  ok: boolean;
  /** One JSON object without line breaks. */
  json: string;
}

declare global {
  interface Window {
    rounds: HarnessApi;
  }
}
