/** What an area of the code gives to `npm run fuzz`. Each area's file in this folder exports `parsers: FuzzParser[]`. */

/**
 * A parser that is tried with broken inputs.
 *
 * `parse` must end within 2 s and 1 GB whatever the bytes are, and may fail only with a `RoundsError` whose code isn't
 * `internal`: anything else that it throws is a finding. `seeds` are small sound inputs, one for each branch of the parser, and
 * `mutate` breaks one of them where it matters (lengths, counts, offsets, nesting), with no chance but `random`, which gives
 * numbers in [0, 1): the same seed number then gives the same inputs.
 */
export interface FuzzParser {
  name: string;
  seeds(): Uint8Array[];
  mutate(random: () => number, seed: Uint8Array): Uint8Array;
  parse(bytes: Uint8Array): Promise<void>;
}
