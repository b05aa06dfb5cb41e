import { expect, it } from 'vitest';
import { compareAnswer } from './agreement';

const tokenizer = { decode: (ids: readonly number[]) => ids.map((id) => 'abcdef'[id]).join('') };
const reference = { ids: [0, 1, 2, 3], margins: [2, 2, 0.01, 2] };

it.each([
  ['the same ids', { ids: [0, 1, 2, 3], text: null }, { ok: true, equal: 4, margin: null }],
  ['the same text', { ids: null, text: 'abcd' }, { ok: true, equal: 4, margin: null }],
  ['another id after a tie', { ids: [0, 1, 5, 5], text: null }, { ok: true, equal: 2, margin: 0.01 }],
  ['another id after a clear choice', { ids: [0, 4, 2, 3], text: null }, { ok: false, equal: 1, margin: 2 }],
  ['another text', { ids: null, text: 'axcd' }, { ok: false, equal: 1, margin: 2 }],
  ['too few ids', { ids: [0, 1], text: null }, { ok: true, equal: 2, margin: 0.01 }],
  ['nothing', { ids: null, text: '' }, { ok: false, equal: 0, margin: 2 }],
])('%s', (_, answer, expected) => {
  expect(compareAnswer(reference, answer, tokenizer)).toEqual({ of: 4, ...expected });
});
