import { expect, it } from 'vitest';
import type { Engine } from './engines';
import { figuresOf, measure } from './measure';

const agreed = { ok: true, equal: 4, of: 4, margin: null };
const cost = (ms: number) => ({ cpuMs: ms, wallMs: 2 * ms });
const sample = (first: number, token: number) => ({ firstToken: cost(first), decode: cost(token) });

it('reports medians, and medians of the ratios of each round', () => {
  const ours = [sample(10, 1), sample(30, 3), sample(20, 2)];
  const theirs = [sample(20, 4), sample(30, 3), sample(80, 4)];
  expect(figuresOf('other', agreed, theirs, ours, 7)).toMatchObject({
    firstToken: cost(30),
    decode: cost(4),
    ratio: { firstToken: { cpuMs: 2, wallMs: 2 }, decode: { cpuMs: 2 } },
    heapBytes: 7,
  });
});

/** An engine whose clock is the number of its tokens. */
function engine(name: string, ids: number[], work: { cpu: number }, order: string[]): Engine {
  return {
    name,
    heapBytes: async () => 1,
    run: async (_, tokens) => {
      order.push(`${name} ${tokens}`);
      work.cpu += 100 + (tokens - 1) * 10;
      return {
        ids: ids.slice(0, tokens),
        text: null,
        firstMs: 5,
        decodeMs: (tokens - 1) * 2,
        steps: tokens - 1,
      };
    },
  };
}

it('measures in turn, and only engines whose answer is that of float32', async () => {
  const work = { cpu: 0 };
  const order: string[] = [];
  const reference = { ids: [1, 2, 3, 4], margins: [9, 9, 9, 9] };
  const contenders = [
    { engine: engine('a', [1, 2, 3, 4], work, order), reference },
    { engine: engine('wrong', [1, 2, 9, 4], work, order), reference },
    { engine: engine('b', [1, 2, 3, 4], work, order), reference },
  ];
  const plan = {
    rounds: 2,
    tokens: 4,
    prompt: () => ({ messages: [], harness: [], text: '', ids: [] }),
    tokenizer: { encode: () => [], decode: () => '', bytes: () => new Uint8Array(), render: () => '' },
    signal: new AbortController().signal,
    note: () => undefined,
  };
  const figures = await measure(contenders, { read: async () => work.cpu }, plan);
  expect(order.slice(0, 3)).toEqual(['a 4', 'wrong 4', 'b 4']);
  expect(order.slice(3)).toEqual(['a 1', 'a 4', 'b 1', 'b 4', 'b 1', 'b 4', 'a 1', 'a 4']);
  const [a, wrong, b] = figures;
  expect(a).toMatchObject({ firstToken: { cpuMs: 100, wallMs: 5 }, decode: { cpuMs: 10, wallMs: 2 } });
  expect(b?.ratio?.decode.cpuMs).toBe(1);
  expect(wrong).toMatchObject({ firstToken: null, decode: null, ratio: null });
  expect(wrong?.why).toMatch(/departs from float32 after 2 of 4 tokens/);
});
