/** Runs jobs, one at a time for each id. Each has its state on the board and can be stopped. */
import { RoundsError } from '../../shared/errors';
import type { JobKind, JobState } from '../../shared/library';
import { SpeedMeter } from '../../shared/speedMeter';
import type { JobBoard } from './jobBoard';
import type { FillHooks } from './modelSource';

export interface RunningJob extends FillHooks {
  update(change: Partial<Pick<JobState, 'modelId' | 'name' | 'origin' | 'phase' | 'totalBytes'>>): void;
}

export type JobStart = Pick<JobState, 'id' | 'kind' | 'name' | 'origin' | 'phase' | 'modelId' | 'totalBytes'>;

type StopReason = 'pause' | 'cancel';

interface Entry {
  kind: JobKind;
  abort: AbortController;
  /** Why it was stopped; null if it wasn't. */
  stopped: StopReason | null;
  ended: Promise<unknown>;
}

export class JobRunner {
  readonly #board: JobBoard;
  readonly #running = new Map<string, Entry>();

  constructor(board: JobBoard) {
    this.#board = board;
  }

  /**
   * Runs `work` as the job of this id; where work of that kind runs already, its result is returned instead.
   * @param start its kind names what `work` resolves to
   * @throws RoundsError aborted where it was stopped; model_busy where other work runs for this id; what `work` throws
   */
  run<T>(start: JobStart, work: (job: RunningJob) => Promise<T>): Promise<T> {
    const running = this.#running.get(start.id);
    if (running) {
      if (running.kind === start.kind) return running.ended as Promise<T>;
      return Promise.reject(
        new RoundsError(
          'model_busy',
          `Another task is running for ${start.name}. Wait until it has finished.`,
        ),
      );
    }
    const { kind } = start;
    const entry: Entry = { kind, abort: new AbortController(), stopped: null, ended: Promise.resolve() };
    this.#running.set(start.id, entry);
    const ended = this.#run({ ...start, ...NOTHING_DONE }, entry, work).finally(() =>
      this.#running.delete(start.id),
    );
    entry.ended = ended;
    return ended;
  }

  /** Stops the jobs that match, and resolves when they have ended. */
  async stop(isMeant: (job: JobState) => boolean, how: StopReason): Promise<void> {
    const ends: Promise<unknown>[] = [];
    for (const [id, entry] of this.#running) {
      const job = this.#board.get(id);
      if (!job || !isMeant(job)) continue;
      entry.stopped ??= how;
      entry.abort.abort();
      ends.push(entry.ended.catch(() => undefined));
    }
    await Promise.all(ends);
  }

  async #run<T>(job: JobState, entry: Entry, work: (job: RunningJob) => Promise<T>): Promise<T> {
    const change = (fields: Partial<JobState>): void => {
      job = { ...job, ...fields };
      this.#board.set(job);
    };
    const { signal } = entry.abort;
    const meter = new SpeedMeter();
    change({});
    try {
      const result = await work({
        signal,
        update: change,
        onDetail: (detail) => change({ detail }),
        onBytes: (doneBytes) => {
          meter.add(doneBytes);
          const { bytesPerSecond } = meter;
          change({ doneBytes, bytesPerSecond, secondsLeft: meter.secondsLeft(job.totalBytes) });
        },
      });
      change({ phase: 'done', detail: null, bytesPerSecond: 0, secondsLeft: 0 });
      return result;
    } catch (thrown) {
      const error = signal.aborted
        ? new RoundsError('aborted', 'Stopped.', { cause: thrown })
        : RoundsError.from(thrown);
      const phase = PHASE_AFTER[entry.stopped ?? 'failure'];
      const shown = signal.aborted ? null : error.toWire();
      change({ phase, detail: null, bytesPerSecond: 0, secondsLeft: null, error: shown });
      throw error;
    }
  }
}

const PHASE_AFTER = { pause: 'paused', cancel: 'cancelled', failure: 'failed' } as const;
const NOTHING_DONE = { doneBytes: 0, bytesPerSecond: 0, secondsLeft: null, detail: null, error: null };
