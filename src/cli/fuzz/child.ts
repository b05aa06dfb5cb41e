/** `child.ts JOB`: tries one parser in this process and reports to the one that started it. */
import { readCorpus } from './corpus';
import type { FuzzJob, FuzzMessage } from './messages';
import { parserOf } from './parsers';
import { tryInput, tryInputs } from './tryInputs';

/** More than the parser's process takes before the first input. */
const MAX_GROWTH = 1_000_000_000;

/** Inputs after which messages are let out: a parser that waits for nothing would keep them all, and seem to hang. */
const TURN = 64;

const send = (message: FuzzMessage): void => void process.send?.(message);
const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;

async function run({ parser: name, seed, from, inputs, ms }: FuzzJob): Promise<void> {
  const parser = parserOf(name);
  const report = (index: number | null, problem: string, bytes: Uint8Array): void =>
    send({ kind: 'finding', index, problem, base64: Buffer.from(bytes).toString('base64') });
  send({ kind: 'trying', index: null });
  for (const { file, bytes } of from === 0 ? readCorpus(name) : []) {
    const problem = await tryInput(parser, bytes);
    if (problem) report(null, `${file} ${problem}`, bytes);
  }
  const base = peakBytes();
  let [before, isOver] = [from, false];
  const { tried, slowestMs, findings } = await tryInputs(parser, { seed, from, inputs, ms }, (index) => {
    if (!isOver && peakBytes() - base > MAX_GROWTH) {
      isOver = true;
      report(before, `took ${Math.round((peakBytes() - base) / 1e6)} MB`, new Uint8Array());
    }
    before = index;
    send({ kind: 'trying', index });
    return index % TURN === 0 ? new Promise((resolve) => void setImmediate(resolve)) : undefined;
  });
  for (const { index, problem, bytes } of findings) report(index, problem, bytes);
  send({ kind: 'done', tried, slowestMs, peakBytes: peakBytes() - base });
}

await run(JSON.parse(process.argv[2] ?? '') as FuzzJob);
process.disconnect?.();
