/**
 * The messages between the page and the library's worker: which models are stored in this browser, where others come
 * from, and the progress of downloads and conversions. The engine's worker (protocol.ts) only reads what is stored.
 */
import type { WireError } from './errors';
import { fullName } from './hubName';
import type { JobDetail } from './jobDetail';
import type { PackSource, RecipeOption, WeightsOption } from './pack';

/** Where a model comes from. Files and tokens are given with a call and are never stored. */
export type ModelOrigin =
  /** A folder with pack.json on any static host; an absolute address. */
  | { kind: 'pack'; url: string }
  /** A checkpoint on a hub, converted while it streams. `revision` is a commit once the model was planned. */
  | {
      kind: 'hub';
      repo: string;
      revision: string;
      /** Of the repository; absent: its top. */
      folder?: string;
      endpoint: string;
      weights: WeightsOption;
      recipe: RecipeOption;
      /** How much each input counts in the search for scales: a file of src/convert/calibration.ts. */
      calibration?: { url: string; sha256: string };
    }
  /** A checkpoint's folder on this machine. */
  | { kind: 'folder'; name: string; weights: WeightsOption; recipe: RecipeOption }
  /** A pack that was imported from a folder or one file. */
  | { kind: 'import'; name: string };

/** What reading an origin needs besides its name. */
export interface OriginAccess {
  /** The files of a local folder, `File.name` without folders. */
  files?: File[];
  /** For gated models; remembered for this hub as long as the worker lives. An empty text means none, from now on. */
  token?: string;
}

/** What is known before the first weight is fetched. */
export interface ModelPlan {
  /** As given, with the revision resolved. */
  origin: ModelOrigin;
  name: string;
  source: PackSource;
  weights: string;
  parameters: number;
  /** Bytes that will come over the network; 0 for local folders. */
  downloadBytes: number;
  /** Bytes of the pack on this device. */
  packBytes: number;
  /** Of these, bytes that are here already from an earlier attempt. */
  presentBytes: number;
  /** The largest single weight on the GPU; compare it with maxStorageBufferBindingSize and maxBufferSize. */
  largestTensorBytes: number;
  /** The most pixels of an image, where the checkpoint does not state them and a default holds; else null. */
  defaultMaxPixels: number | null;
}

export interface StoredModel {
  /** Names the database of the shards. */
  id: string;
  /** SHA-256 of pack.json; null until the model is complete. */
  packHash: string | null;
  name: string;
  origin: ModelOrigin;
  source: PackSource;
  weights: string;
  parameters: number;
  totalBytes: number;
  storedBytes: number;
  shards: number;
  storedShards: number;
  complete: boolean;
  /** ISO times. */
  addedAt: string;
  usedAt: string | null;
  /** When every shard's SHA-256 was last compared. */
  verifiedAt: string | null;
}

/**
 * Names the job of an origin, the same in every tab and on every visit. The hub's address isn't part of it: a commit
 * has the same bytes on every mirror.
 */
export function jobIdOf(origin: ModelOrigin): string {
  switch (origin.kind) {
    case 'pack':
      return `pack:${origin.url.replace(/\/*$/, '/')}`;
    case 'hub':
      return `hub:${fullName(origin)}@${origin.revision}:${origin.weights}:${origin.recipe}${calibrationOf(origin)}`;
    case 'folder':
      return `folder:${origin.name}:${origin.weights}:${origin.recipe}`;
    case 'import':
      return `import:${origin.name}`;
  }
}

function calibrationOf({ calibration }: Extract<ModelOrigin, { kind: 'hub' }>): string {
  return calibration ? `:${calibration.sha256.slice(0, 12)}` : '';
}

/** `elsewhere`: the job runs in another tab, and this one shows its progress. */
export type JobPhase =
  | 'planning'
  | 'downloading'
  | 'converting'
  | 'importing'
  | 'verifying'
  | 'exporting'
  | 'elsewhere'
  | 'paused'
  | 'done'
  | 'failed'
  | 'cancelled';

/**
 * What a job does, and so how it is resumed: `store` and `session` fetch or convert (`add`, `addForSession`), `import`
 * needs its files again, and `verify` and `export` start again.
 */
export type JobKind = 'store' | 'session' | 'import' | 'verify' | 'export';

/**
 * Work on a model. An incomplete model without running work has a job in phase `paused`, so that after a reload or a
 * crash it can be resumed or cancelled like any other. Jobs that ended in `done` or `cancelled` are reported once; failed
 * ones, and paused ones without such a model, stay until they are tried again or cancelled.
 */
export interface JobState {
  /** `jobIdOf(origin)`, so that the same model is never fetched twice at once; another for verifying and exporting. */
  id: string;
  kind: JobKind;
  /** StoredModel.id, once it is known. */
  modelId: string | null;
  name: string;
  origin: ModelOrigin;
  phase: JobPhase;
  doneBytes: number;
  /** 0 while it is not known. */
  totalBytes: number;
  /** Over the last seconds; 0 before there is a measure. */
  bytesPerSecond: number;
  secondsLeft: number | null;
  /** What is being done now, for instance the tensor, the shard, or the wait before a retry. */
  detail: JobDetail | null;
  error: WireError | null;
}

export interface StorageReport {
  /** Bytes in use by this site, and the browser's estimate of how many it may use. */
  usage: number | null;
  quota: number | null;
  persisted: boolean;
  /** Signs of a private window: storage is small there and gone when it closes. */
  isPrivate: boolean;
}

/** A pack that is not stored: blobs that live as long as the page. */
export interface SessionPack {
  manifest: Blob;
  shards: Blob[];
}

/** One row is one call: [parameters, result]. Progress comes as `jobs` updates, to every tab. */
export interface LibraryCalls {
  list: [Record<string, never>, { models: StoredModel[]; jobs: JobState[] }];
  storage: [Record<string, never>, StorageReport];
  plan: [{ origin: ModelOrigin; access?: OriginAccess }, ModelPlan];
  /** Fetches or converts what is missing; resolves when the model is complete. Also resumes. Best with the plan's origin. */
  add: [{ origin: ModelOrigin; access?: OriginAccess }, StoredModel];
  /** The same into memory, for windows that can't store it. */
  addForSession: [{ origin: ModelOrigin; access?: OriginAccess }, SessionPack];
  /** Stops the job, in whichever tab it runs, without removing finished parts; its call ends as `aborted`; `add` continues. */
  pause: [{ jobId: string }, null];
  /** Stops the job and removes what it stored. */
  cancel: [{ jobId: string }, null];
  /** A pack as a folder's files or as one file (docs/pack-format.md). */
  import: [{ files: File[] }, StoredModel];
  /** Writes into `directory`, or returns one file where none is given. */
  export: [{ modelId: string; directory?: FileSystemDirectoryHandle }, { file: Blob | null; name: string }];
  /** Compares every shard; bad ones are removed, and fetched again by the next `add`. */
  verify: [{ modelId: string }, { intact: number; damaged: string[] }];
  delete: [{ modelId: string }, null];
  deleteAll: [Record<string, never>, null];
}

export type LibraryCallName = keyof LibraryCalls;

export type LibraryRequest = {
  [K in LibraryCallName]: { id: number; call: K; params: LibraryCalls[K][0] };
}[LibraryCallName];

export type FromLibrary =
  | { type: 'result'; id: number; result: LibraryCalls[LibraryCallName][1] }
  | { type: 'error'; id: number; error: WireError }
  /** All jobs of this browser, after each change (at most a few times a second). */
  | { type: 'jobs'; jobs: JobState[] }
  /** The stored models changed, here or in another tab. */
  | { type: 'models'; models: StoredModel[] };
