/**
 * Reads probabilities from the logits, independently of the sampler: of each token, of its alternatives, and of the
 * option letters. Created only on request, so other answers have no extra cost.
 */
import { RoundsError } from '../shared/errors';
import type {
  GenerateParams,
  OptionProbabilities,
  TokenAlternative,
  TokenProbabilities,
} from '../shared/generation';
import type { Tokenizer } from './ports';
import { letterIds, letterOf, showBytes } from './text/tokenText';
import { ThinkingSplitter } from './text/thinkingSplitter';

export const MAX_ALTERNATIVES = 10;
/** An answer contains its letter once or twice. The limit is for texts that repeat it endlessly. */
const MAX_OBSERVED_LETTERS = 16;

export type ObservedParams = Pick<GenerateParams, 'alternatives' | 'optionLetters' | 'tags'>;

export class TokenObserver {
  readonly tokens: TokenProbabilities[] = [];
  readonly letters: OptionProbabilities[] = [];
  readonly #tokenizer: Tokenizer;
  readonly #alternatives: number;
  /** Token ids of each requested letter. */
  readonly #letterIds: { letter: string; ids: readonly number[] }[];
  /** Finds the answer, because only letters in the answer count. Reads the fed tokens, which may be forced. */
  readonly #splitter: ThinkingSplitter;
  #index = 0;

  /** @throws RoundsError setting_invalid */
  constructor(tokenizer: Tokenizer, vocabSize: number, params: ObservedParams) {
    const { alternatives = 0, optionLetters = [] } = params;
    if (!(Number.isInteger(alternatives) && alternatives >= 0 && alternatives <= MAX_ALTERNATIVES)) {
      const rule = `it must be a whole number from 0 to ${MAX_ALTERNATIVES}`;
      throw new RoundsError('setting_invalid', `alternatives is ${alternatives}; ${rule}.`);
    }
    this.#tokenizer = tokenizer;
    this.#alternatives = alternatives;
    const known = optionLetters.length > 0 ? letterIds(tokenizer, vocabSize) : null;
    this.#letterIds = optionLetters.map((letter) => ({ letter, ids: known?.get(letter) ?? [] }));
    this.#splitter = new ThinkingSplitter(params.tags);
  }

  /** Whether it records nothing, so that it needs no logits. */
  get isIdle(): boolean {
    return this.#alternatives === 0 && this.#letterIds.length === 0;
  }

  /** Advances over tokens without recording them. */
  skip(ids: readonly number[]): void {
    for (const id of ids) this.#read(this.#tokenizer.bytes(id));
  }

  /**
   * Records the token that follows `logits` [vocab].
   * @returns its probabilities; null if no alternatives were requested
   */
  observe(logits: Float32Array, id: number): TokenProbabilities | null {
    const index = this.#index;
    const bytes = this.#tokenizer.bytes(id);
    this.#read(bytes);
    const normal = logSumExp(logits);
    const letter = this.#splitter.phase === 'answering' ? letterOf(bytes) : null;
    if (
      this.#letterIds.some((known) => known.letter === letter) &&
      this.letters.length < MAX_OBSERVED_LETTERS
    )
      this.letters.push({ index, letter: letter ?? '', options: this.#optionsOf(logits, normal) });
    if (this.#alternatives === 0) return null;
    const describe = (token: number): TokenAlternative => ({
      id: token,
      text: showBytes(this.#tokenizer.bytes(token)),
      probability: Math.exp((logits[token] ?? -Infinity) - normal),
    });
    const top = largest(logits, this.#alternatives).map(describe);
    const observed = { index, chosen: describe(id), top };
    this.tokens.push(observed);
    return observed;
  }

  #read(bytes: Uint8Array): void {
    this.#splitter.push(showBytes(bytes));
    this.#index++;
  }

  #optionsOf(logits: Float32Array, normal: number): OptionProbabilities['options'] {
    const mass = this.#letterIds.map(({ ids }) =>
      ids.reduce((sum, id) => sum + Math.exp((logits[id] ?? -Infinity) - normal), 0),
    );
    const total = mass.reduce((sum, value) => sum + value, 0);
    return this.#letterIds.map(({ letter }, i) => {
      const probability = mass[i] ?? 0;
      return { letter, probability, share: total > 0 ? probability / total : 0 };
    });
  }
}

/** Null if no probabilities are requested. @throws RoundsError setting_invalid */
export function createObserver(
  tokenizer: Tokenizer,
  vocabSize: number,
  params: ObservedParams,
): TokenObserver | null {
  const isRequested = params.alternatives !== undefined || (params.optionLetters ?? []).length > 0;
  return isRequested ? new TokenObserver(tokenizer, vocabSize, params) : null;
}

/** log Σ exp(logit); exp(logit − value) is the softmax. */
function logSumExp(logits: Float32Array): number {
  let max = -Infinity;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > max) max = logits[i]!;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - max);
  return max + Math.log(sum);
}

/** Ids of the `count` largest values in descending order; of equal values, smaller ids first. */
function largest(values: Float32Array, count: number): number[] {
  const ids: number[] = [];
  let floor = -Infinity;
  for (let id = 0; id < values.length; id++) {
    const value = values[id]!;
    if (ids.length === count && !(value > floor)) continue;
    let at = ids.length;
    while (at > 0 && values[ids[at - 1]!]! < value) at--;
    ids.splice(at, 0, id);
    if (ids.length > count) ids.pop();
    floor = values[ids[ids.length - 1]!]!;
  }
  return ids;
}
