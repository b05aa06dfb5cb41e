/** Models that are not stored: what this visit knows of them. */
import type { JobState, ModelOrigin, SessionPack } from '../../../shared/library';

export interface SessionModel {
  name: string;
  repo: string;
  pack: SessionPack;
}

/** What downloading one needs. */
export interface SessionDownload extends Omit<SessionModel, 'pack'> {
  origin: ModelOrigin;
  files?: File[];
}

/** Downloads by job, so that one can be resumed as what it is. */
export class SessionDownloads {
  readonly #byJob = new Map<string, SessionDownload>();

  set(jobId: string, download: SessionDownload): void {
    this.#byJob.set(jobId, download);
  }

  hasFiles(jobId: string): boolean {
    return this.#byJob.get(jobId)?.files !== undefined;
  }

  /** What the job itself says, if it was started in an earlier visit. */
  of({ id, origin, name }: JobState): SessionDownload {
    return this.#byJob.get(id) ?? { origin, name, repo: name };
  }
}
