/**
 * A case as it is stored and exported: its images, all questions about them, and the answers (docs/cases.md). Data from
 * storage or a file must pass caseBounds.ts first.
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
  /** Set by the visitor; if empty, the first question is the title. */
  title: string;
  notes: string;
  /** ISO times. */
  createdAt: string;
  changedAt: string;
  images: CaseImage[];
  /** Oldest first; each after the one that it follows. */
  entries: CaseEntry[];
}

export interface CaseImage {
  /** Of the stored bytes. Equal bytes are stored only once, under this name. */
  sha256: string;
  bytes: number;
  /** MIME type of the stored bytes. */
  type: string;
  /** Never the name of the visitor’s file, which may contain a patient's name. */
  name: string;
  /** Format of the visitor's file. */
  format: FileFormat;
  /** Of the decoded image, in pixels. */
  width: number;
  height: number;
  /** True if the stored bytes are the shown picture as PNG instead of the file. */
  isRendered: boolean;
  /** Header fields that may identify the patient, if the file itself is stored: IdentifyingCode, in older cases English names. */
  identifying: string[];
  /** As in ImageInput. For a rendered image: what was rendered. */
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
  /** As in Asked: images were shrunk to save memory. */
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
  /** Uid of the answer that the question follows. */
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
  /** Null if the answer never finished. */
  result: CaseResult | null;
  probabilities: TokenProbabilities[];
  optionProbabilities: OptionProbabilities[];
  /** For other readers of the file; the page computes it again. */
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

/** The title to show: the visitor’s, else the first question. */
export function titleOf({ title, entries }: Pick<CaseRecord, 'title' | 'entries'>): string {
  return title || (entries[0]?.asked.question ?? '');
}

/** The current time in UTC as an ISO string; such strings sort by time. */
export function isoNow(): string {
  return new Date().toISOString();
}

/** Without duplicates, in the original order. */
export function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
