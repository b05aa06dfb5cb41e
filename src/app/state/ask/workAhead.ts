/**
 * Has the engine work ahead of the question in the form: as soon as its images are there, they are encoded, and what stands
 * before the question's text is put into the KV cache. Nothing waits for it, and nothing fails because of it.
 */
import { RoundsError, type ErrorCode } from '../../../shared/errors';
import type { ImageInput } from '../../../shared/generation';
import type { ModelInfo, PrepareParams } from '../../../shared/protocol';
import type { EngineApi } from '../../clients/engineClient';
import { buildBeginning, isSameImage, type Asked, type Exchange } from '../../question/prompting';

/** What is known of the question that the visitor is writing. */
export interface Beginning {
  model: ModelInfo;
  /** Its question and key don't matter. */
  asked: Asked;
  /** The conversation that it follows, oldest first. */
  earlier: readonly Exchange[];
}

/** Images are often added, scrolled or windowed in a row. */
const REST_MS = 300;

/** Ends that say nothing about the job. */
const ENDED: ReadonlySet<ErrorCode> = new Set(['aborted', 'model_not_loaded']);

interface Job {
  model: ModelInfo;
  params: PrepareParams;
}

export class WorkAhead {
  readonly #engine: EngineApi;
  /** What is prepared, or is being prepared. */
  #job: Job | null = null;
  /** It can't be prepared; asking will show why. */
  #failed: Job | null = null;
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(engine: EngineApi) {
    this.#engine = engine;
  }

  /** The question has this beginning now; null: there is none yet, or no model. */
  expect(beginning: Beginning | null): void {
    const job = beginning && {
      model: beginning.model,
      params: buildBeginning(beginning.asked, beginning.earlier),
    };
    if (job && this.#job?.model === job.model && isSame(job.params, this.#job.params)) return;
    this.#drop();
    // After a GPU has failed at it, another try would lose the model again.
    if (!job || (this.#failed && isSame(job.params, this.#failed.params))) return;
    this.#job = job;
    this.#timer = setTimeout(() => void this.#run(job), REST_MS);
  }

  /**
   * The engine has a question to answer. It continues from what is finished, so nothing is cancelled; afterwards the cache may
   * hold something else.
   */
  giveWay(): void {
    clearTimeout(this.#timer);
    this.#job = null;
    this.#abort = null;
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#job = null;
    this.#abort = null;
  }

  async #run(job: Job): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    try {
      await this.#engine.call('prepare', job.params, { signal: abort.signal });
      this.#failed = null;
    } catch (thrown) {
      if (!ENDED.has(RoundsError.from(thrown).code)) this.#failed = job;
    }
  }
}

/** Images count by file and place: their contents don't change. */
function isSame(a: PrepareParams, b: PrepareParams): boolean {
  const [left, right] = [piecesOf(a), piecesOf(b)];
  return (
    JSON.stringify(a.imageLimits) === JSON.stringify(b.imageLimits) &&
    left.length === right.length &&
    left.every((piece, i) => {
      const other = right[i];
      if (typeof piece === 'string' || typeof other === 'string' || !other) return piece === other;
      return isSameImage(piece, other);
    })
  );
}

function piecesOf({ messages }: PrepareParams): (string | ImageInput)[] {
  return messages.flatMap(({ role, content }) => {
    if (typeof content === 'string') return [role, content];
    return [role, ...content.map((part) => (part.type === 'text' ? part.text : part.image))];
  });
}
