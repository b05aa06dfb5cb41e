/** A short run of the parsers of models; npm run fuzz has the long one. */
import { describe, expect, it } from 'vitest';
import { RoundsError } from '../../shared/errors';
import { parsers } from './converter';
import { seededRandom } from './random';

const INPUTS = 300;

describe.each(parsers)('$name', (parser) => {
  it('reads its sound inputs', async () => {
    for (const seed of parser.seeds()) await parser.parse(seed);
  });

  it('fails with a code for broken ones', async () => {
    const random = seededRandom(1);
    const inputs = parser.seeds();
    for (let i = 0; i < INPUTS; i++) {
      const thrown: unknown = await parser.parse(parser.mutate(random, inputs[i % inputs.length]!)).then(
        () => null,
        (error: unknown) => error,
      );
      if (thrown === null) continue;
      expect(thrown).toBeInstanceOf(RoundsError);
      expect((thrown as RoundsError).code).not.toBe('internal');
    }
  });
});
