import { describe, expect, it } from 'vitest';
import type { Tokenizer } from '../ports';
import { letterIds, letterOf, showBytes } from './tokenText';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('showBytes', () => {
  it('shows complete characters unchanged', () => {
    for (const text of ['', 'a', ' é\n', '中文', '🫀 <|im_end|>']) expect(showBytes(utf8(text))).toBe(text);
  });

  it('shows parts of characters as bytes, and continues after them', () => {
    expect(showBytes(utf8('中').subarray(0, 2))).toBe('\\xE4\\xB8');
    expect(showBytes(utf8('中').subarray(2))).toBe('\\xAD');
    expect(showBytes(Uint8Array.of(...utf8('🫀').subarray(1), ...utf8(' ok')))).toBe('\\x9F\\xAB\\x80 ok');
    // Overlong, a surrogate, and above the last code point: none of these is a character.
    for (const bytes of [
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
    ]) {
      expect(showBytes(Uint8Array.from(bytes))).toMatch(/^(\\x[0-9A-F]{2})+$/);
    }
  });
});

describe('letterOf', () => {
  it('finds one capital letter among punctuation and whitespace', () => {
    for (const text of ['B', ' B', '>B', '(B)', 'B.', '\nB']) expect(letterOf(utf8(text))).toBe('B');
  });

  it('finds none in words, numbers, lower-case letters and other scripts', () => {
    for (const text of ['Brain', 'AB', 'b', '1', ' ', 'B1', 'É', '中B'])
      expect(letterOf(utf8(text))).toBeNull();
  });
});

it('letterIds finds every token that writes a single letter, and reads the vocabulary once', () => {
  const vocabulary = ['A', ' A', 'An', '>B', 'B', 'x'];
  let reads = 0;
  const tokenizer = {
    bytes: (id: number) => {
      reads++;
      return utf8(vocabulary[id] ?? '');
    },
  } as unknown as Tokenizer;
  expect([...letterIds(tokenizer, 6)]).toEqual([
    ['A', [0, 1]],
    ['B', [3, 4]],
  ]);
  letterIds(tokenizer, 6);
  expect(reads).toBe(6);
});
