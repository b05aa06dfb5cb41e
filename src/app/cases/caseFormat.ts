/**
 * A case as it is stored and exported: its images, every question about them, and what was answered (docs/cases.md).
 * What comes from storage or a file goes through caseBounds.ts first.
 */
import type {
  GenerateResult,
  GenerateTiming,
  OptionProbabilities,
  Rollout,
  TokenProbabilities,
} from '../../shared/generation';
import type { SavedDevice } from '../../shared/device';
import type { ModelInfo } from '../../shared/protocol';
import type { ErrorCode } from '../../shared/errors';
import type { FileFormat, Plane } from '../../shared/imageFacts';
import type { PackSource } from '../../shared/pack';
import type { PresetId } from '../../shared/presets';
import type { SamplingChoice, Verdict } from '../question/prompting';

export const CASE_VERSION = 1;

export interface CaseRecord {
  version: typeof CASE_VERSION;
  /** UUID. */
  id: string;
  /** The visitor’s own, or empty: then it is the first question. */
  title: string;
  notes: string;
  /** ISO times. */
  createdAt: string;
  changedAt: string;
  images: CaseImage[];
  /** Oldest first; each stands behind the one that it follows up on. */
  entries: CaseEntry[];
}

export interface CaseImage {
  /** Of the kept bytes, which are stored once under this name. */
  sha256: string;
  bytes: number;
  /** MIME type of the kept bytes. */
  type: string;
  /** Never the name of a visitor’s file: that may name a patient. */
  name: string;
  /** What the file was that the visitor chose. */
  format: FileFormat;
  /** Of the decoded image, in pixels. */
  width: number;
  height: number;
  /** What is kept is the picture as it was shown, as PNG; not the file. */
  isRendered: boolean;
  /** Header fields that may identify the patient, if the file itself is stored: IdentifyingCode, in older cases English names. */
  identifying: string[];
  /** As in ImageInput. In a rendered image they tell what was rendered. */
  frame?: number;
  window?: [number, number];
  plane?: Plane;
  volume?: number;
}

export interface CaseAsked {
  question: string;
  options: string[];
  /** Index of the right option. */
  key: number | null;
  presetId: PresetId;
  sampling: SamplingChoice;
  /** As in Asked: images were made smaller for want of memory. */
  maxPixels?: number;
  /** Indices of CaseRecord.images. */
  images: number[];
}

/** The model that answered, and where. */
export type CaseModel = Pick<ModelInfo, 'name' | 'packHash' | 'parameters' | 'weights'> & {
  source: Pick<PackSource, 'repo' | 'revision' | 'license'>;
  device: SavedDevice;
};

interface CaseRun {
  /** UUID. */
  uid: string;
  /** The answer that the question follows up on. */
  parent: string | null;
  askedAt: string;
  asked: CaseAsked;
  status: 'done' | 'stopped' | 'failed';
  error: { code: ErrorCode; message: string } | null;
  elapsedMs: number;
  model: CaseModel | null;
}

export interface CaseAnswer extends CaseRun {
  kind: 'answer';
  thinking: string;
  answer: string;
  tokens: number;
  firstTokenMs: number | null;
  thinkingMs: number | null;
  /** Null where the answer never ended. */
  result: CaseResult | null;
  probabilities: TokenProbabilities[];
  optionProbabilities: OptionProbabilities[];
  /** For readers of the file; the page works it out anew. */
  verdict: Verdict | null;
}

export type CaseResult = Pick<
  GenerateResult,
  | 'text'
  | 'newIds'
  | 'thinking'
  | 'answer'
  | 'finishReason'
  | 'timing'
  | 'contextUsed'
  | 'contextAvailable'
  | 'cachedTokens'
>;

export interface CaseRollouts extends CaseRun {
  kind: 'rollouts';
  count: number;
  temperature: number;
  rollouts: Rollout[];
  result: {
    promptTokens: number;
    cachedTokens: number;
    contextAvailable: number;
    timing: Omit<GenerateTiming, 'ttftMs'>;
  } | null;
}

export type CaseEntry = CaseAnswer | CaseRollouts;

/** The title that is shown: the visitor’s own, else the first question. */
export function titleOf({ title, entries }: Pick<CaseRecord, 'title' | 'entries'>): string {
  return title || (entries[0]?.asked.question ?? '');
}

/** Times of cases are texts in UTC, which sort as they are. */
export function isoNow(): string {
  return new Date().toISOString();
}

/** Each once, in order. */
export function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
