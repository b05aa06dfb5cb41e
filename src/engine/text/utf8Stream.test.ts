import { describe, expect, it } from 'vitest';
import { Utf8Stream } from './utf8Stream';

/** A byte-level vocabulary in which an id is an index into byte strings. Counts the decoded ids. */
class ByteDecoder {
  decodedIds = 0;
  readonly #pieces: readonly Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
  }

  decode(ids: readonly number[]): string {
    this.decodedIds += ids.length;
    return new TextDecoder().decode(Uint8Array.from(ids.flatMap((id) => [...this.#pieces[id]!])));
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** The bytes of a text, split into pieces whose lengths cycle through `lengths`. */
function cut(text: string, lengths: readonly number[]): Uint8Array[] {
  const all = bytes(text);
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < all.length; i++) {
    const length = lengths[i % lengths.length]!;
    pieces.push(all.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

function run(pieces: readonly Uint8Array[]) {
  const decoder = new ByteDecoder(pieces);
  const stream = new Utf8Stream(decoder);
  const shown = pieces.map((_, id) => stream.push(id));
  return { shown, last: stream.finish(), whole: decoder.decode(pieces.map((_, id) => id)), decoder };
}

const TEXT = 'Röntgen: 肺部有阴影 🫁👩🏽‍⚕️ – naïve “tumour” 😀';

describe('Utf8Stream', () => {
  it.each([[[1]], [[2]], [[3]], [[5]], [[1, 2, 3]], [[7, 1, 1]]])(
    'joins characters whose bytes come in pieces of %j',
    (lengths) => {
      const { shown, last } = run(cut(TEXT, lengths));
      expect(shown.join('') + last).toBe(TEXT);
      expect(shown.some((piece) => piece.includes('\uFFFD'))).toBe(false);
      expect(last).toBe('');
    },
  );

  it('shows each character with its last byte', () => {
    expect(run(cut('a€b', [1])).shown).toEqual(['a', '', '', '€', 'b']);
  });

  it('returns an incomplete end as one U+FFFD', () => {
    const { shown, last } = run([bytes('ok'), Uint8Array.of(0xf0, 0x9f), Uint8Array.of(0x98)]);
    expect(shown).toEqual(['ok', '', '']);
    expect(last).toBe('\uFFFD');
  });

  it.each([
    ['a lone continuation byte', [0x61, 0x80, 0x62]],
    ['a lead byte before a letter', [0xe2, 0x61]],
    ['an overlong form', [0xf0, 0x80, 0x80, 0x61]],
    ['a real U+FFFD', [0xef, 0xbf, 0xbd, 0x61]],
    ['many broken bytes', [...new Array<number>(200).fill(0x80), 0xe2, 0x82, 0xac, 0x61]],
    ['many broken leads', [...new Array<number>(100).fill(0xe2), 0x61]],
  ])('gives the same text as decoding everything at once: %s', (_, values) => {
    const { shown, last, whole } = run(values.map((value) => Uint8Array.of(value)));
    expect(shown.join('') + last).toBe(whole);
  });

  it('accepts tokens without text', () => {
    const { shown, last } = run([
      bytes('a'),
      bytes(''),
      Uint8Array.of(0xe2),
      bytes(''),
      Uint8Array.of(0x82, 0xac),
    ]);
    expect(shown.join('') + last).toBe('a€');
  });

  it('decodes as little for late tokens as for early ones, even in invalid text', () => {
    const good = run(cut('word '.repeat(2000), [5]));
    expect(good.decoder.decodedIds).toBe(2000 + 2000);
    const broken = run(new Array<Uint8Array>(3000).fill(Uint8Array.of(0x80)));
    expect(broken.decoder.decodedIds / 3000).toBeLessThan(60);
  });
});
