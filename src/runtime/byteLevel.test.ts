import { describe, expect, it } from 'vitest';
import { bytesOfEntry } from './byteLevel';

const text = (entry: string): string => new TextDecoder().decode(bytesOfEntry(entry));

describe('bytesOfEntry', () => {
  it('reads the characters that represent blanks and for the bytes of other scripts', () => {
    expect(text('ĠHead')).toBe(' Head');
    expect(text('Ċ')).toBe('\n');
    expect(text('Ã©')).toBe('é');
    expect(text('ä¸Ń')).toBe('中');
  });

  it('gives the bytes of a part of a character', () => {
    expect([...bytesOfEntry('ä¸')]).toEqual([0xe4, 0xb8]);
    expect([...bytesOfEntry('')]).toEqual([]);
  });
});
