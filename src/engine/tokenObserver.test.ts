import { describe, expect, it } from 'vitest';
import type { Tokenizer } from './ports';
import { createObserver, TokenObserver } from './tokenObserver';

const VOCABULARY = ['A', ' A', 'B', 'x', '<think>', '</think>', '<answer>', '</answer>'];
const [A, SPACE_A, B, X, THINK, THOUGHT, ANSWER] = [0, 1, 2, 3, 4, 5, 6] as const;
const tokenizer = {
  bytes: (id: number) => new TextEncoder().encode(VOCABULARY[id] ?? ''),
} as unknown as Tokenizer;

/** Logits whose softmax gives these probabilities, in the order of the vocabulary; all others are 0. */
function logitsOf(...probabilities: number[]): Float32Array {
  return Float32Array.from(VOCABULARY, (_, id) => Math.log(probabilities[id] ?? 0) + 3);
}
const watch = (params: ConstructorParameters<typeof TokenObserver>[2]): TokenObserver =>
  new TokenObserver(tokenizer, VOCABULARY.length, params);

describe('TokenObserver', () => {
  it('reports the probability of the chosen token and the most probable ones', () => {
    const observed = watch({ alternatives: 2 }).observe(logitsOf(0.2, 0.1, 0.3, 0.4), SPACE_A);
    expect(observed?.index).toBe(0);
    expect(observed?.chosen).toMatchObject({ id: SPACE_A, text: ' A' });
    expect(observed?.chosen.probability).toBeCloseTo(0.1, 6);
    expect(observed?.top.map(({ id }) => id)).toEqual([X, B]);
    expect(observed?.top[0]?.probability).toBeCloseTo(0.4, 6);
  });

  it('adds up the tokens of a letter, over the vocabulary and over the option letters', () => {
    const observer = watch({ optionLetters: ['A', 'B', 'C'] });
    observer.observe(logitsOf(0.2, 0.1, 0.3, 0.4), B);
    const [found] = observer.letters;
    expect(found).toMatchObject({ index: 0, letter: 'B' });
    const [a, b, c] = found?.options ?? [];
    expect(a?.probability).toBeCloseTo(0.3, 6);
    expect(b?.probability).toBeCloseTo(0.3, 6);
    expect(a?.share).toBeCloseTo(0.5, 6);
    // No token writes C.
    expect(c).toEqual({ letter: 'C', probability: 0, share: 0 });
  });

  it('considers letters in the answer only, and counts from the start of a continued answer', () => {
    const logits = logitsOf(0.25, 0.25, 0.25, 0.25);
    const observer = watch({ optionLetters: ['A', 'B'] });
    observer.skip([THINK, A]);
    for (const id of [B, THOUGHT, X, ANSWER, A, X]) observer.observe(logits, id);
    expect(observer.letters.map(({ index, letter }) => [index, letter])).toEqual([[6, 'A']]);
    expect(observer.tokens).toEqual([]);
  });

  it('is not created without a request, and refuses more than ten alternatives', () => {
    expect(createObserver(tokenizer, 8, {})).toBeNull();
    expect(createObserver(tokenizer, 8, { optionLetters: [] })).toBeNull();
    for (const alternatives of [-1, 1.5, 11]) expect(() => watch({ alternatives })).toThrow('0 to 10');
  });
});
