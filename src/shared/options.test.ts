import { expect, it } from 'vitest';
import { optionLetter } from './options';

it('optionLetter counts from A', () => {
  expect([0, 1, 5].map(optionLetter)).toEqual(['A', 'B', 'F']);
});
