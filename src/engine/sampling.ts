/**
 * Samples the next token from logits: repetition penalty, temperature, top-k and top-p, in the order and with the
 * meaning of transformers' logits processors, followed by a seeded draw. Temperature 0 is greedy. On WebGPU a kernel does
 * the same (runtime/gpu/samplerShader.ts), number by number.
 */
import { RoundsError } from '../shared/errors';
import type { GenerationSettings } from '../shared/generation';
import { drawWeight, fractionOf, scaled, weightFactor } from './drawWeights';
import { createRandom, type RandomSource } from './random';

export interface Choice {
  id: number;
  /**
   * Natural logarithm of the token's probability, after the repetition penalty but before temperature and truncation,
   * so that values with different settings are comparable.
   */
  logprob: number;
}

export type SamplingSettings = Pick<
  GenerationSettings,
  'temperature' | 'topP' | 'topK' | 'repetitionPenalty' | 'seed'
>;

/** Index of the largest value; the first of equal values. @throws RoundsError internal if there is no finite value */
export function argmax(logits: Float32Array): number {
  let best = -1;
  let bestValue = -Infinity;
  for (let i = 0; i < logits.length; i++) {
    const value = logits[i]!;
    if (value > bestValue) {
      best = i;
      bestValue = value;
    }
  }
  if (best < 0) throw noFiniteLogits();
  return best;
}

export function noFiniteLogits(): RoundsError {
  const help = 'Reload the page, or open it with ?backend=wasm.';
  return new RoundsError('internal', `The model returned no finite logits. ${help}`);
}

/**
 * Divides positive logits by the penalty and multiplies negative ones by it, once for each id in the prompt or answer
 * (RepetitionPenaltyLogitsProcessor in transformers). Modifies `logits` in place.
 */
export function applyRepetitionPenalty(logits: Float32Array, seen: Iterable<number>, penalty: number): void {
  const factor = Math.fround(penalty);
  if (factor === 1) return;
  for (const id of new Set(seen)) {
    const value = logits[id];
    if (value !== undefined) logits[id] = value < 0 ? value * factor : value / factor;
  }
}

/** Chooses the tokens of one answer. Reuses its buffers between tokens. */
export class Sampler {
  readonly #settings: SamplingSettings;
  readonly #random: RandomSource;
  /** Random numbers that have been looked at but not used. */
  readonly #ahead: number[] = [];
  readonly #seen: Set<number>;
  #penalized = new Float32Array(0);
  /** Of the last draw, by id. */
  #weights = new Uint32Array(0);
  #order = new Int32Array(0);

  /** @throws RoundsError setting_invalid if a setting is out of range */
  constructor(settings: SamplingSettings, promptIds: Iterable<number> = []) {
    checkSettings(settings);
    this.#settings = settings;
    this.#random = createRandom(settings.seed);
    this.#seen = settings.repetitionPenalty === 1 ? new Set() : new Set(promptIds);
  }

  /**
   * Chooses the next token for logits [vocab], which are not modified.
   * @param accept whether the chosen id counts for the repetition penalty; with teacher forcing, pass false and call
   *   `accept` with the forced id
   */
  next(logits: Float32Array, accept = true): Choice {
    const scores = this.#penalize(logits);
    const best = argmax(scores);
    const id = this.#settings.temperature === 0 ? best : this.#draw(scores, scores[best]!);
    if (accept) this.accept(id);
    return { id, logprob: scores[id]! - logSumExp(scores, scores[best]!) };
  }

  /** The next `count` random numbers, as fractions of 2^32; they stay the next ones. Empty if there is no draw. */
  peek(count: number): Uint32Array<ArrayBuffer> {
    if (this.#settings.temperature === 0) return new Uint32Array();
    while (this.#ahead.length < count) this.#ahead.push(this.#random());
    return Uint32Array.from(this.#ahead.slice(0, count), fractionOf);
  }

  /** What `next` would choose. */
  preview(logits: Float32Array): number {
    this.peek(1);
    const ahead = [...this.#ahead];
    const { id } = this.next(logits, false);
    this.#ahead.splice(0, this.#ahead.length, ...ahead);
    return id;
  }

  /** Records a choice that was made elsewhere, with the next random number. */
  follow(id: number): void {
    this.accept(id);
    if (this.#settings.temperature !== 0) this.#next();
  }

  /** Ids with a repetition penalty. */
  get seen(): ReadonlySet<number> {
    return this.#seen;
  }

  #next(): number {
    return this.#ahead.shift() ?? this.#random();
  }

  /** Brings the sampler to the state after choosing these ids. */
  resume(ids: readonly number[]): void {
    // Each choice uses exactly one random number.
    for (const id of ids) this.follow(id);
  }

  /** Records a token of the answer for the repetition penalty. */
  accept(id: number): void {
    if (this.#settings.repetitionPenalty !== 1) this.#seen.add(id);
  }

  #penalize(logits: Float32Array): Float32Array {
    if (this.#settings.repetitionPenalty === 1) return logits;
    if (this.#penalized.length !== logits.length) this.#penalized = new Float32Array(logits.length);
    this.#penalized.set(logits);
    applyRepetitionPenalty(this.#penalized, this.#seen, this.#settings.repetitionPenalty);
    return this.#penalized;
  }

  #draw(scores: Float32Array, max: number): number {
    const { temperature, topK, topP } = this.#settings;
    if (this.#weights.length !== scores.length) {
      this.#weights = new Uint32Array(scores.length);
      this.#order = new Int32Array(scores.length);
    }
    const floor = topK > 0 && topK < scores.length ? kthLargest(scores, topK) : -Infinity;
    const factor = weightFactor(temperature);
    let count = 0;
    let total = 0;
    for (let id = 0; id < scores.length; id++) {
      const score = scores[id]!;
      // As in TopKLogitsWarper, ties with the k-th value are candidates. NaN fails the comparison.
      if (!(score >= floor)) continue;
      const weight = drawWeight(Math.fround(max - score), factor);
      if (weight === 0) continue;
      this.#weights[id] = weight;
      this.#order[count++] = id;
      total += weight;
    }
    const candidates = this.#order.subarray(0, count);
    if (topP < 1) return this.#drawNucleus(candidates, total, topP);
    return pick(candidates, this.#weights, this.#drawFrom(total));
  }

  /**
   * Draws from the nucleus: the smallest set of most probable tokens whose total probability reaches topP, at least
   * one. Most distributions are peaked, so sorting the first few tokens is usually enough.
   */
  #drawNucleus(candidates: Int32Array, total: number, topP: number): number {
    const weights = this.#weights;
    const target = scaled(total, fractionOf(topP));
    const top = largest(candidates, weights, FIRST_GUESS);
    let mass = 0;
    for (let i = 0; i < top.length; i++) {
      mass += weights[top[i]!]!;
      if (mass >= target) return pick(top.subarray(0, i + 1), weights, this.#drawFrom(mass));
    }
    const nucleus = heaviestSet(candidates, weights, target);
    return pick(nucleus, weights, this.#drawFrom(massFrom(nucleus, weights, 0)));
  }

  #drawFrom(mass: number): number {
    return scaled(mass, fractionOf(this.#next()));
  }
}

/** Number of tokens to sort before falling back to `heaviestSet`. */
const FIRST_GUESS = 64;
/** 152,000 tokens with e⁻³⁰ each add 1e-8 to the sum, below the resolution of float32 logits. */
const NEGLIGIBLE_LOGIT = -30;

function checkSettings({ temperature, topP, topK, repetitionPenalty }: SamplingSettings): void {
  if (!(temperature >= 0 && temperature < Infinity)) refuse('temperature', temperature, 'at least 0');
  if (!(topP > 0 && topP <= 1)) refuse('topP', topP, 'above 0 and at most 1');
  if (!(Number.isInteger(topK) && topK >= 0)) refuse('topK', topK, 'a whole number, 0 for off');
  if (!(repetitionPenalty > 0 && repetitionPenalty < Infinity)) {
    refuse('repetitionPenalty', repetitionPenalty, 'above 0');
  }
}

function refuse(name: string, value: number, rule: string): never {
  throw new RoundsError('setting_invalid', `${name} is ${value}; it must be ${rule}.`);
}

function logSumExp(scores: Float32Array, max: number): number {
  let sum = 0;
  for (let i = 0; i < scores.length; i++) {
    const below = scores[i]! - max;
    if (below > NEGLIGIBLE_LOGIT) sum += Math.exp(below);
  }
  return max + Math.log(sum);
}

function pick(ids: Int32Array, weights: Uint32Array, target: number): number {
  let sum = 0;
  for (let i = 0; i < ids.length; i++) {
    sum += weights[ids[i]!]!;
    if (sum > target) return ids[i]!;
  }
  return ids[ids.length - 1]!;
}

/** The k-th largest value (k ≥ 1), with a min-heap of k values instead of sorting the whole vocabulary. */
function kthLargest(values: Float32Array | Uint32Array, k: number): number {
  const heap = new Float64Array(k).fill(-Infinity);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value > heap[0]!) siftDown(heap, value);
  }
  return heap[0]!;
}

function siftDown(heap: Float64Array, value: number): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = value;
}

/** The `count` ids of largest weight (more if the last are equal), in descending order; of equals, larger ids first. */
function largest(ids: Int32Array, weights: Uint32Array, count: number): Int32Array {
  let chosen = ids;
  if (count < ids.length) {
    const values = Uint32Array.from(ids, (id) => weights[id]!);
    const floor = kthLargest(values, count);
    chosen = ids.filter((id) => weights[id]! >= floor);
  }
  return Int32Array.from(chosen).sort((a, b) => weights[b]! - weights[a]! || b - a);
}

/** The smallest set of heaviest ids whose total weight reaches `target`, without sorting: by bisection of the lightest weight. */
function heaviestSet(ids: Int32Array, weights: Uint32Array, target: number): Int32Array {
  let lightest = 0;
  let high = 2 ** 31 + 1;
  while (high - lightest > 1) {
    const middle = Math.floor((lightest + high) / 2);
    if (massFrom(ids, weights, middle) >= target) lightest = middle;
    else high = middle;
  }
  const heavier = ids.filter((id) => weights[id]! > lightest);
  const equal = ids.filter((id) => weights[id] === lightest);
  const missing = target - massFrom(heavier, weights, 0);
  const needed = Math.max(heavier.length === 0 ? 1 : 0, Math.ceil(missing / lightest));
  // Of equal weights the larger ids, as in torch.
  const included = equal.subarray(Math.max(0, equal.length - needed));
  const set = new Int32Array(heavier.length + included.length);
  set.set(heavier);
  set.set(included, heavier.length);
  return set;
}

/** Sum of all weights that are at least `floor`. */
function massFrom(ids: Int32Array, weights: Uint32Array, floor: number): number {
  let mass = 0;
  for (let i = 0; i < ids.length; i++) {
    const weight = weights[ids[i]!]!;
    if (weight >= floor) mass += weight;
  }
  return mass;
}
