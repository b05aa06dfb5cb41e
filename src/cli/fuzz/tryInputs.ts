/** Tries a parser with broken inputs and says which ones it doesn't survive. */
import { RoundsError } from '../../shared/errors';
import { below, pick, seededRandom } from './random';
import type { FuzzParser } from './types';

export const MAX_INPUT_MS = 2000;
const MAX_MESSAGE = 300;

export interface Finding {
  /** Of the input, with the seed; null for a file of the corpus. */
  index: number | null;
  problem: string;
  bytes: Uint8Array;
}

/** @returns input number `index` of this seed number; the same bytes every time */
export function makeInput(
  parser: FuzzParser,
  seeds: readonly Uint8Array[],
  seed: number,
  index: number,
): Uint8Array {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) + index);
  // Seeds, and now and then bytes that are nothing.
  if (random() < 0.002) return Uint8Array.from({ length: below(random, 4096) }, () => below(random, 256));
  return parser.mutate(random, pick(random, seeds).slice());
}

/** @returns what is wrong with how the parser takes the input; null if nothing is */
export async function tryInput(parser: FuzzParser, bytes: Uint8Array): Promise<string | null> {
  const first = await timed(parser, bytes);
  if (first.ms <= MAX_INPUT_MS) return first.problem;
  // A machine that does other work may take longer once, but not three times.
  const again = [first, await timed(parser, bytes), await timed(parser, bytes)];
  const least = Math.min(...again.map(({ ms }) => ms));
  return first.problem ?? (least > MAX_INPUT_MS ? `took ${Math.round(least)} ms` : null);
}

async function timed(parser: FuzzParser, bytes: Uint8Array): Promise<{ ms: number; problem: string | null }> {
  const start = performance.now();
  // A parser that writes into its input must not change what is reported.
  const problem = await (async () => parser.parse(bytes.slice()))().then(
    () => null,
    (thrown: unknown) => describe(thrown),
  );
  return { ms: performance.now() - start, problem };
}

function describe(thrown: unknown): string | null {
  if (!(thrown instanceof RoundsError)) return `threw ${String(thrown)}`;
  if (thrown.code === 'internal') return `threw internal: ${thrown.message}`;
  const { length } = thrown.message;
  return length > MAX_MESSAGE
    ? `has a message of ${length} characters: ${thrown.message.slice(0, 100)}…`
    : null;
}

/** Tries inputs until `inputs` or the time is reached. @param beforeEach called with each index before its input, and waited for */
export async function tryInputs(
  parser: FuzzParser,
  { seed, from = 0, inputs, ms = Infinity }: { seed: number; from?: number; inputs: number; ms?: number },
  beforeEach: (index: number) => void | Promise<void> = () => undefined,
): Promise<{ tried: number; slowestMs: number; findings: Finding[] }> {
  const seeds = parser.seeds();
  const findings: Finding[] = [];
  const start = performance.now();
  let [index, slowestMs, before] = [from, 0, start];
  for (; index < inputs && before - start < ms; index++) {
    await beforeEach(index);
    const bytes = makeInput(parser, seeds, seed, index);
    const problem = await tryInput(parser, bytes);
    if (problem) findings.push({ index, problem, bytes });
    const now = performance.now();
    slowestMs = Math.max(slowestMs, now - before);
    before = now;
  }
  return { tried: index - from, slowestMs, findings };
}
