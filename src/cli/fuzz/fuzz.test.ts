/** A few thousand broken inputs for each parser, and all that once broke one. `npm run fuzz` tries more. */
import { describe, expect, it } from 'vitest';
import { readCorpus } from './corpus';
import { PARSERS } from './parsers';
import { makeInput, tryInput, tryInputs } from './tryInputs';

/** Inputs for each parser, as far as they're tried in this time. */
const INPUTS = 3000;
const MS = 1000;

it('names each parser once', () => {
  const names = PARSERS.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

describe.each(PARSERS)('$name', (parser) => {
  it('takes its seeds, and makes the same inputs again', async () => {
    const seeds = parser.seeds();
    expect(seeds.length).toBeGreaterThan(0);
    const start = performance.now();
    for (const seed of seeds) {
      if (performance.now() - start > MS) break;
      expect(await tryInput(parser, seed)).toBeNull();
    }
    for (const index of [0, 1, 2]) {
      const [one, two] = [makeInput(parser, seeds, 7, index), makeInput(parser, seeds, 7, index)];
      expect(Buffer.compare(one, two)).toBe(0);
    }
  });

  it('survives what broke it before', async () => {
    for (const { file, bytes } of readCorpus(parser.name))
      expect(await tryInput(parser, bytes), file).toBeNull();
  });

  it('survives broken inputs', async () => {
    const { findings, tried } = await tryInputs(parser, { seed: 1, inputs: INPUTS, ms: MS });
    expect(findings.map(({ index, problem }) => `input ${index} ${problem}`)).toEqual([]);
    expect(tried).toBeGreaterThan(0);
  });
});
