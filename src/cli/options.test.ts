import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from './command';
import { PROJECT } from './install.mjs';
import { existingFile, oneOf, onlyArgument, packFolder, wholeNumber, wholeNumbers } from './options';

describe('oneOf', () => {
  it('gives the choice, or names all of them', () => {
    expect(oneOf('--weights', 'q8', ['q4', 'q8'])).toBe('q8');
    expect(() => oneOf('--weights', 'q3', ['q4', 'q8', 'f16'])).toThrow(
      new UsageError('--weights must be q4, q8 or f16, not q3.'),
    );
  });
});

describe('wholeNumber', () => {
  it.each(['0', '-1', '1.5', '9', 'x', ''])('refuses %j', (value) => {
    expect(() => wholeNumber('--jobs', value, 8)).toThrow(/--jobs must be a whole number from 1 to 8/);
  });

  it('gives numbers up to the limit', () => {
    expect([wholeNumber('--jobs', '1', 8), wholeNumber('--jobs', '8', 8)]).toEqual([1, 8]);
  });
});

describe('wholeNumbers', () => {
  it('gives a list, or names the option and the limit', () => {
    expect(wholeNumbers('--rollouts', '1,8', 16)).toEqual([1, 8]);
    for (const value of ['', '1,', '1;2', '17']) {
      expect(() => wholeNumbers('--rollouts', value, 16)).toThrow(/--rollouts .* from 1 to 16, separated/);
    }
  });
});

describe('paths', () => {
  it('onlyArgument refuses none and two', () => {
    expect(onlyArgument('DIR', ['a'])).toBe('a');
    for (const given of [[], ['a', 'b'], ['']]) {
      expect(() => onlyArgument('DIR', given)).toThrow('Give exactly one DIR.');
    }
  });

  it('existingFile and packFolder give absolute paths, or name what is missing', () => {
    const readme = join(PROJECT, 'README.md');
    expect(existingFile('image', readme)).toBe(readme);
    expect(() => existingFile('image', PROJECT)).toThrow(/There is no image at /);
    const pack = join(PROJECT, 'public/models/rounds-mini');
    expect(packFolder(pack)).toBe(pack);
    expect(() => packFolder(join(PROJECT, 'docs'))).toThrow(/docs is not a model pack: it has no pack\.json/);
  });
});
