/** Against transformers' logits processors: models/goldens/make_preprocess_vectors.py. */
import { describe, expect, it } from 'vitest';
import vectors from '../../models/goldens/preprocess/sampling.json';
import { applyRepetitionPenalty, argmax, createRandom, Sampler } from './sampling';

const GREEDY = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1 };
const LOGITS = Float32Array.from(vectors.logits);

describe('createRandom', () => {
  it('repeats itself for a seed and differs between seeds', () => {
    const draw = (seed: number) => Array.from({ length: 5 }, createRandom(seed));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(1)).not.toEqual(draw(1 + 2 ** 32));
  });

  it('is uniform in [0, 1)', () => {
    const random = createRandom(7);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const value = random();
      if (!(value >= 0 && value < 1)) throw new Error(`${value} is outside [0, 1)`);
      counts[Math.floor(value * 10)]!++;
    }
    // Five standard deviations of a binomial count.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(475);
  });
});

describe('argmax', () => {
  it('takes the first of equals', () => {
    expect(argmax(Float32Array.of(1, 5, 5, 2))).toBe(1);
  });

  it('refuses logits that are no numbers', () => {
    expect(() => argmax(Float32Array.of(NaN, NaN))).toThrow(/no finite logits/);
    expect(argmax(Float32Array.of(NaN, -3))).toBe(1);
  });
});

describe('applyRepetitionPenalty', () => {
  it('is that of transformers, once for each id', () => {
    const logits = LOGITS.slice();
    applyRepetitionPenalty(logits, vectors.penalty.seen, vectors.penalty.penalty);
    expect([...logits]).toEqual(vectors.penalty.logits.map(Math.fround));
  });
});

describe('Sampler', () => {
  it('is greedy at temperature 0 and gives the log probability', () => {
    const choice = new Sampler(GREEDY).next(LOGITS);
    const sum = vectors.logits.reduce((total, value) => total + Math.exp(value), 0);
    expect(choice.id).toBe(2);
    expect(choice.logprob).toBeCloseTo(3.5 - Math.log(sum), 6);
  });

  it('penalises prompt and answer, and leaves the logits as they are', () => {
    const sampler = new Sampler({ ...GREEDY, repetitionPenalty: 1.5 }, [2]);
    const logits = LOGITS.slice();
    const ids = [1, 2, 3].map(() => sampler.next(logits).id);
    // 2 is in the prompt; then 3 (3.5 → 2.33) and 7 (2.9 → 1.93) are taken; 2 and 3 lead again.
    expect(ids).toEqual([3, 7, 2]);
    expect(logits).toEqual(LOGITS);
  });

  it('does not count a choice that was not accepted', () => {
    const sampler = new Sampler({ ...GREEDY, repetitionPenalty: 1.5 }, [2]);
    expect(sampler.next(LOGITS, false).id).toBe(3);
    expect(sampler.next(LOGITS, false).id).toBe(3);
    sampler.accept(3);
    expect(sampler.next(LOGITS, false).id).toBe(7);
  });

  it.each(vectors.kept)(
    'draws as transformers would: temperature $temperature, top-k $topK, top-p $topP',
    ({ temperature, topK, topP, probabilities }) => {
      const sampler = new Sampler({ ...GREEDY, temperature, topK, topP, seed: 11 });
      const draws = 20_000;
      const counts = new Array<number>(LOGITS.length).fill(0);
      for (let i = 0; i < draws; i++) counts[sampler.next(LOGITS).id]!++;
      probabilities.forEach((p, id) => {
        if (p === 0) expect(counts[id], `id ${id}`).toBe(0);
        const deviation = Math.sqrt(draws * p * (1 - p));
        expect(Math.abs(counts[id]! - draws * p), `id ${id}`).toBeLessThanOrEqual(5 * deviation + 1);
      });
    },
  );

  it('finds a nucleus of equals that is wider than its first guess', () => {
    const flat = new Float32Array(300);
    const sampler = new Sampler({ ...GREEDY, temperature: 1, topP: 0.5 });
    const seen = new Set(Array.from({ length: 1500 }, () => sampler.next(flat).id));
    // 150 of 300 equal tokens make up a half.
    expect(seen.size).toBe(150);
    expect(Math.min(...seen)).toBe(150);
  });

  it('finds a wide nucleus of unequals', () => {
    const slope = Float32Array.from({ length: 1000 }, (_, id) => ((id * 7) % 1000) / 500);
    // By definition: heaviest first until their probability reaches 0.6.
    const order = [...slope.keys()].sort((a, b) => slope[b]! - slope[a]!);
    const weights = order.map((id) => Math.exp(slope[id]!));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let mass = 0;
    const size = weights.findIndex((weight) => (mass += weight) >= 0.6 * total) + 1;
    const nucleus = new Set(order.slice(0, size));
    const sampler = new Sampler({ ...GREEDY, temperature: 1, topP: 0.6 });
    const seen = new Set(Array.from({ length: 6000 }, () => sampler.next(slope).id));
    expect([...seen].filter((id) => !nucleus.has(id))).toEqual([]);
    expect(seen.size).toBeGreaterThan(size * 0.99);
  });

  it('repeats an answer for a seed', () => {
    const settings = { ...GREEDY, temperature: 1, topP: 0.95, seed: 42 };
    const run = () => {
      const sampler = new Sampler(settings);
      return Array.from({ length: 20 }, () => sampler.next(LOGITS).id);
    };
    expect(run()).toEqual(run());
    expect(new Set(run()).size).toBeGreaterThan(2);
  });

  it.each([
    [{ temperature: -1 }],
    [{ temperature: NaN }],
    [{ topP: 0 }],
    [{ topP: 1.1 }],
    [{ topK: -1 }],
    [{ topK: 1.5 }],
    [{ repetitionPenalty: 0 }],
  ])('refuses %j', (wrong) => {
    expect(() => new Sampler({ ...GREEDY, ...wrong })).toThrow(
      expect.objectContaining({ code: 'setting_invalid' }) as Error,
    );
  });
});
