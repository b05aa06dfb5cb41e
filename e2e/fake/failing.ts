/**
 * Any error at any place, once or a number of times: what the errors' own tests ask for in the page's address,
 * `&fails=load:device_lost:2`.
 */
import { ERROR_CODES, RoundsError, type ErrorCode } from '../../src/shared/errors';
import type { LoadParams } from '../../src/shared/protocol';

export type Place = 'load' | 'image' | 'answer' | 'word';

const NEEDS_WASM: ReadonlySet<ErrorCode> = new Set([
  'webgpu_unavailable',
  'feature_missing',
  'self_test_failed',
]);
const NEEDS_NO_CACHE: ReadonlySet<ErrorCode> = new Set(['storage_quota', 'storage_failed']);

export class Failing {
  readonly #place: string;
  readonly #code: ErrorCode | null;
  readonly #times: number;
  #count = 0;

  constructor(search: string) {
    const [place = '', code = '', times = '1'] = (new URLSearchParams(search).get('fails') ?? '').split(':');
    this.#place = place;
    this.#times = Number(times);
    this.#code = ERROR_CODES.find((known) => known === code) ?? null;
    if (place !== '' && !this.#code) throw new Error(`There is no error code ${code}.`);
  }

  /** Fails once; a load fails until it is asked for in the way that helps. */
  at(place: Place, load?: LoadParams): void {
    if (!this.#code || place !== this.#place) return;
    if (load && this.#isMended(load, this.#code)) return;
    if (this.#count++ < this.#times || NEEDS_WASM.has(this.#code) || NEEDS_NO_CACHE.has(this.#code))
      throw new RoundsError(this.#code, `Scripted: ${this.#code}.`);
  }

  /** Whether the model goes with the error, as it does in the worker. */
  get takesModel(): boolean {
    return this.#code === 'device_lost' || this.#code === 'worker_crashed' || this.#code === 'out_of_memory';
  }

  #isMended({ backend, pack }: LoadParams, code: ErrorCode): boolean {
    if (NEEDS_WASM.has(code)) return backend === 'wasm';
    return NEEDS_NO_CACHE.has(code) && pack.kind === 'url' && !pack.cache;
  }
}
