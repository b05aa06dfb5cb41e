/**
 * From logits to the next token: repetition penalty, temperature, top-k, top-p in the order and with the
 * meaning of transformers' logits processors, and a seeded draw. temperature 0 is greedy.
 */
import { RoundsError } from '../shared/errors';
import type { GenerationSettings } from '../shared/generation';

export interface Choice {
  id: number;
  /**
   * Natural logarithm of the probability that the model gives the token: after the repetition penalty,
   * before temperature and truncation, so that values of different settings compare.
   */
  logprob: number;
}

export type SamplingSettings = Pick<
  GenerationSettings,
  'temperature' | 'topP' | 'topK' | 'repetitionPenalty' | 'seed'
>;

/** Uniform numbers in [0, 1). */
export type RandomSource = () => number;

/**
 * sfc32 (Chris Doty-Humphrey, PractRand), its state filled from the seed by splitmix32 and warmed up with 12
 * rounds. Integers only, so every browser draws the same numbers for a seed. 53 random bits a number.
 */
export function createRandom(seed: number): RandomSource {
  const next = splitmix32(seed);
  let a = next();
  let b = next();
  let c = next();
  let counter = 1;
  const draw = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) draw();
  return () => ((draw() >>> 5) * 2 ** 26 + (draw() >>> 6)) / 2 ** 53;
}

function splitmix32(seed: number): () => number {
  // Both halves of a seed above 2³² count.
  let state = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b)) | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}

/** Index of the largest value, the first one of equals. @throws RoundsError internal on NaN only or nothing. */
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
  if (best < 0) throw new RoundsError('internal', 'The model gave no finite logits.');
  return best;
}

/**
 * Divides positive and multiplies negative logits of the ids that occur in prompt or answer, each id once
 * (RepetitionPenaltyLogitsProcessor). Changes `logits` in place.
 */
export function applyRepetitionPenalty(logits: Float32Array, seen: Iterable<number>, penalty: number): void {
  const factor = Math.fround(penalty);
  if (factor === 1) return;
  for (const id of new Set(seen)) {
    const value = logits[id];
    if (value !== undefined) logits[id] = value < 0 ? value * factor : value / factor;
  }
}

/** Chooses tokens one after another; one sampler for each answer. Keeps its buffers between tokens. */
export class Sampler {
  readonly #settings: SamplingSettings;
  readonly #random: RandomSource;
  readonly #seen: Set<number>;
  #penalized = new Float32Array(0);
  #exponentials = new Float32Array(0);
  #order = new Int32Array(0);

  /** @throws RoundsError setting_invalid when a setting is out of range */
  constructor(settings: SamplingSettings, promptIds: Iterable<number> = []) {
    checkSettings(settings);
    this.#settings = settings;
    this.#random = createRandom(settings.seed);
    this.#seen = settings.repetitionPenalty === 1 ? new Set() : new Set(promptIds);
  }

  /**
   * The next token for logits [vocab]. The logits stay as they are. The chosen id is remembered for the
   * repetition penalty; with teacher forcing call `accept` with the id that is fed instead.
   */
  next(logits: Float32Array, accept = true): Choice {
    const scores = this.#penalize(logits);
    const best = argmax(scores);
    const id = this.#settings.temperature === 0 ? best : this.#draw(scores, scores[best]!);
    if (accept) this.accept(id);
    return { id, logprob: scores[id]! - logSumExp(scores, scores[best]!) };
  }

  /** Brings the sampler to where it would be after it had chosen these ids. */
  resume(ids: readonly number[]): void {
    for (const id of ids) {
      this.accept(id);
      // Each choice takes exactly one number.
      if (this.#settings.temperature !== 0) this.#random();
    }
  }

  /** Notes a token of the answer. */
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
    if (this.#exponentials.length !== scores.length) {
      this.#exponentials = new Float32Array(scores.length);
      this.#order = new Int32Array(scores.length);
    }
    const floor = topK > 0 && topK < scores.length ? kthLargest(scores, topK) : -Infinity;
    let kept = 0;
    let total = 0;
    for (let id = 0; id < scores.length; id++) {
      const score = scores[id]!;
      // Ties with the k-th value stay, as in TopKLogitsWarper. NaN fails the comparison.
      if (!(score >= floor)) continue;
      const weight = Math.exp((score - max) / temperature);
      if (weight === 0) continue;
      this.#exponentials[id] = weight;
      this.#order[kept++] = id;
      total += this.#exponentials[id]!;
    }
    const candidates = this.#order.subarray(0, kept);
    if (topP < 1) return this.#drawNucleus(candidates, total, topP);
    return pick(candidates, this.#exponentials, this.#random() * total);
  }

  /**
   * Draws among the smallest set of most probable tokens whose probability reaches topP; at least one. Peaked
   * distributions, which are the rule, need only the first few tokens in order.
   */
  #drawNucleus(candidates: Int32Array, total: number, topP: number): number {
    const weights = this.#exponentials;
    const wanted = topP * total;
    const top = largest(candidates, weights, FIRST_GUESS);
    let mass = 0;
    for (let i = 0; i < top.length; i++) {
      mass += weights[top[i]!]!;
      if (mass >= wanted) return pick(top.subarray(0, i + 1), weights, this.#random() * mass);
    }
    const nucleus = heaviestSet(candidates, weights, wanted);
    return pick(nucleus, weights, this.#random() * massFrom(nucleus, weights, 0));
  }
}

/** Tokens that are put in order before a wide nucleus is looked for otherwise. */
const FIRST_GUESS = 64;
/** e⁻³⁰ of 152,000 tokens is 1e-8 of the sum: below what float32 logits resolve. */
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

function pick(ids: Int32Array, weights: Float32Array, target: number): number {
  let sum = 0;
  for (let i = 0; i < ids.length; i++) {
    sum += weights[ids[i]!]!;
    if (sum > target) return ids[i]!;
  }
  return ids[ids.length - 1]!;
}

/** Value of rank k (1: the largest), by a min-heap of k values: no sort of the whole vocabulary. */
function kthLargest(values: Float32Array, k: number): number {
  const heap = new Float32Array(k).fill(-Infinity);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value > heap[0]!) siftDown(heap, value);
  }
  return heap[0]!;
}

function siftDown(heap: Float32Array, value: number): void {
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

/** The `count` ids of largest weight (more if the last are equal), heaviest first, the larger id first among equals. */
function largest(ids: Int32Array, weights: Float32Array, count: number): Int32Array {
  let chosen = ids;
  if (count < ids.length) {
    const values = new Float32Array(ids.length);
    for (let i = 0; i < ids.length; i++) values[i] = weights[ids[i]!]!;
    const floor = kthLargest(values, count);
    chosen = ids.filter((id) => weights[id]! >= floor);
  }
  return Int32Array.from(chosen).sort((a, b) => weights[b]! - weights[a]! || b - a);
}

/**
 * The smallest set of heaviest ids with at least the wanted weight, without a sort: bisection of the lightest
 * weight in it, by the bits of a positive float32, which order like the number.
 */
function heaviestSet(ids: Int32Array, weights: Float32Array, wanted: number): Int32Array {
  let low = 0;
  let high = floatBits(1) + 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (massFrom(ids, weights, floatOfBits(middle)) >= wanted) low = middle;
    else high = middle;
  }
  const lightest = floatOfBits(low);
  const heavier = ids.filter((id) => weights[id]! > lightest);
  const equal = ids.filter((id) => weights[id] === lightest);
  const missing = wanted - massFrom(heavier, weights, 0);
  const needed = Math.max(heavier.length === 0 ? 1 : 0, Math.ceil(missing / lightest));
  // Of equals the larger ids, as in torch.
  const kept = equal.subarray(Math.max(0, equal.length - needed));
  const set = new Int32Array(heavier.length + kept.length);
  set.set(heavier);
  set.set(kept, heavier.length);
  return set;
}

/** Sum of the weights that are at least `floor`. */
function massFrom(ids: Int32Array, weights: Float32Array, floor: number): number {
  let mass = 0;
  for (let i = 0; i < ids.length; i++) {
    const weight = weights[ids[i]!]!;
    if (weight >= floor) mass += weight;
  }
  return mass;
}

const BITS = new Uint32Array(1);
const FLOAT = new Float32Array(BITS.buffer);

function floatBits(value: number): number {
  FLOAT[0] = value;
  return BITS[0]!;
}

function floatOfBits(bits: number): number {
  BITS[0] = bits;
  return FLOAT[0]!;
}
