import { describe, expect, it } from 'vitest';
import type { Tokenizer } from './ports';
import { observerFor, TokenObserver } from './tokenObserver';

const VOCABULARY = ['A', ' A', 'B', 'x', '<think>', '</think>', '<answer>', '</answer>'];
const [A, SPACE_A, B, X, THINK, THOUGHT, ANSWER] = [0, 1, 2, 3, 4, 5, 6] as const;
const tokenizer = {
  bytes: (id: number) => new TextEncoder().encode(VOCABULARY[id] ?? ''),
} as unknown as Tokenizer;

/** Logits whose softmax is these probabilities, in the order of the vocabulary; the rest is impossible. */
function logitsOf(...probabilities: number[]): Float32Array {
  return Float32Array.from(VOCABULARY, (_, id) => Math.log(probabilities[id] ?? 0) + 3);
}
const watch = (params: ConstructorParameters<typeof TokenObserver>[2]): TokenObserver =>
  new TokenObserver(tokenizer, VOCABULARY.length, params);

describe('TokenObserver', () => {
  it('tells the probability of the chosen token and the most probable ones', () => {
    const noted = watch({ alternatives: 2 }).note(logitsOf(0.2, 0.1, 0.3, 0.4), SPACE_A);
    expect(noted?.index).toBe(0);
    expect(noted?.chosen).toMatchObject({ id: SPACE_A, text: ' A' });
    expect(noted?.chosen.probability).toBeCloseTo(0.1, 6);
    expect(noted?.top.map(({ id }) => id)).toEqual([X, B]);
    expect(noted?.top[0]?.probability).toBeCloseTo(0.4, 6);
  });

  it('adds up the tokens of a letter, over the vocabulary and among the letters', () => {
    const observer = watch({ optionLetters: ['A', 'B', 'C'] });
    observer.note(logitsOf(0.2, 0.1, 0.3, 0.4), B);
    const [found] = observer.letters;
    expect(found).toMatchObject({ index: 0, letter: 'B' });
    const [a, b, c] = found?.options ?? [];
    expect(a?.probability).toBeCloseTo(0.3, 6);
    expect(b?.probability).toBeCloseTo(0.3, 6);
    expect(a?.share).toBeCloseTo(0.5, 6);
    // No token writes C.
    expect(c).toEqual({ letter: 'C', probability: 0, share: 0 });
  });

  it('looks for letters in the answer only, and counts from where an answer goes on', () => {
    const logits = logitsOf(0.25, 0.25, 0.25, 0.25);
    const observer = watch({ optionLetters: ['A', 'B'] });
    observer.skip([THINK, A]);
    for (const id of [B, THOUGHT, X, ANSWER, A, X]) observer.note(logits, id);
    expect(observer.letters.map(({ index, letter }) => [index, letter])).toEqual([[6, 'A']]);
    expect(observer.tokens).toEqual([]);
  });

  it('is not made where nothing is asked for, and refuses more than ten', () => {
    expect(observerFor(tokenizer, 8, {})).toBeNull();
    expect(observerFor(tokenizer, 8, { optionLetters: [] })).toBeNull();
    for (const alternatives of [-1, 1.5, 11]) expect(() => watch({ alternatives })).toThrow('0 to 10');
  });
});
