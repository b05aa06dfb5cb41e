/**
 * Runs engines in turn: first an answer that is compared with float32, then timed ones, interleaved. CPU time is that of the whole
 * browser, in which only the engine whose turn it is has work.
 */
import type { Tokenizer } from '../../engine/ports';
import { compareAnswer, type Agreement, type Reference } from './agreement';
import type { CpuClock } from './cpuTime';
import type { Engine } from './engines';
import { median } from './median';
import type { PeerPrompt } from './prompts';
import type { PeerAnswer } from './protocol';

/** Milliseconds. */
export interface Cost {
  cpuMs: number;
  wallMs: number;
}

export interface EngineFigures {
  engine: string;
  agreement: Agreement;
  /** Null where the answer isn't that of float32. */
  firstToken: Cost | null;
  /** Per token. */
  decode: Cost | null;
  heapBytes: number | null;
  /** Median over the rounds of this engine's figure divided by that of the first engine in the same round. */
  ratio: { firstToken: Cost; decode: Cost } | null;
  why?: string;
}

export interface Contender {
  engine: Engine;
  reference: Reference;
}

export interface Plan {
  rounds: number;
  tokens: number;
  /** The first prompt is the one of the reference. */
  prompt: (number: number) => PeerPrompt;
  tokenizer: Tokenizer;
  signal: AbortSignal;
  note: (message: string) => void;
}

interface Sample {
  firstToken: Cost;
  decode: Cost;
}

export async function measure(
  contenders: readonly Contender[],
  cpu: CpuClock,
  plan: Plan,
): Promise<EngineFigures[]> {
  const agreements: Agreement[] = [];
  for (const { engine, reference } of contenders) {
    plan.note(`${engine.name}: compare with float32`);
    const answer = await engine.run(plan.prompt(0), plan.tokens);
    agreements.push(compareAnswer(reference, answer, plan.tokenizer));
  }
  const samples = contenders.map((): Sample[] => []);
  for (let round = 0; round < plan.rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      // Each engine is the first of a round as often as any other.
      const index = (round + turn) % contenders.length;
      const contender = contenders[index];
      if (!contender || !agreements[index]?.ok) continue;
      plan.signal.throwIfAborted();
      plan.note(`${contender.engine.name}: round ${round + 1} of ${plan.rounds}`);
      samples[index]?.push(await sample(contender.engine, cpu, plan, 2 * round + 1));
    }
  }
  const heaps = await Promise.all(contenders.map(({ engine }) => engine.heapBytes()));
  return contenders.map(({ engine }, i) =>
    figuresOf(engine.name, agreements[i] as Agreement, samples[i] ?? [], samples[0] ?? [], heaps[i] ?? null),
  );
}

/** A run of one token gives the first token's costs; what a longer run takes beyond it is decoding. */
async function sample(engine: Engine, cpu: CpuClock, plan: Plan, number: number): Promise<Sample> {
  const timed = async (
    prompt: PeerPrompt,
    tokens: number,
  ): Promise<{ cpuMs: number; answer: PeerAnswer }> => {
    const start = await cpu.read();
    const answer = await engine.run(prompt, tokens);
    return { cpuMs: (await cpu.read()) - start, answer };
  };
  const one = await timed(plan.prompt(number), 1);
  const many = await timed(plan.prompt(number + 1), plan.tokens);
  const { decodeMs, steps } = many.answer;
  return {
    firstToken: { cpuMs: one.cpuMs, wallMs: one.answer.firstMs },
    decode: { cpuMs: (many.cpuMs - one.cpuMs) / (plan.tokens - 1), wallMs: decodeMs / Math.max(1, steps) },
  };
}

export function figuresOf(
  engine: string,
  agreement: Agreement,
  samples: readonly Sample[],
  first: readonly Sample[],
  heapBytes: number | null,
): EngineFigures {
  const common = { engine, agreement, heapBytes };
  if (samples.length === 0) {
    const why = agreement.ok
      ? 'There were no rounds.'
      : `Its answer departs from float32 after ${agreement.equal} of ${agreement.of} tokens, so its times are not reported.`;
    return { ...common, firstToken: null, decode: null, ratio: null, why };
  }
  const costs = (of: (sample: Sample, round: number) => Cost): Cost => ({
    cpuMs: median(samples.map((value, round) => of(value, round).cpuMs)),
    wallMs: median(samples.map((value, round) => of(value, round).wallMs)),
  });
  const ratio = (part: keyof Sample): Cost =>
    costs((value, round) => divided(value[part], first[round]?.[part] ?? value[part]));
  return {
    ...common,
    firstToken: costs(({ firstToken }) => firstToken),
    decode: costs(({ decode }) => decode),
    ratio:
      first.length === samples.length ? { firstToken: ratio('firstToken'), decode: ratio('decode') } : null,
  };
}

function divided(a: Cost, b: Cost): Cost {
  return { cpuMs: a.cpuMs / b.cpuMs, wallMs: a.wallMs / b.wallMs };
}
