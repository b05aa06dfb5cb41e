/** Compares with transformers' logits processors: vectors from models/goldens/make_preprocess_vectors.py. */
import { describe, expect, it } from 'vitest';
import vectors from '../../models/goldens/preprocess/sampling.json';
import { applyRepetitionPenalty, argmax, Sampler } from './sampling';

const GREEDY = { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 1 };
const LOGITS = Float32Array.from(vectors.logits);

describe('argmax', () => {
  it('returns the first of equal values', () => {
    expect(argmax(Float32Array.of(1, 5, 5, 2))).toBe(1);
  });

  it('refuses logits that are all NaN', () => {
    expect(() => argmax(Float32Array.of(NaN, NaN))).toThrow(/no finite logits/);
    expect(argmax(Float32Array.of(NaN, -3))).toBe(1);
  });
});

describe('applyRepetitionPenalty', () => {
  it('equals that of transformers, once for each id', () => {
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

  it('penalises prompt and answer, and does not modify the logits', () => {
    const sampler = new Sampler({ ...GREEDY, repetitionPenalty: 1.5 }, [2]);
    const logits = LOGITS.slice();
    const ids = [1, 2, 3].map(() => sampler.next(logits).id);
    // 2 is in the prompt; then 3 (3.5 → 2.33) and 7 (2.9 → 1.93) are chosen; 2 and 3 lead again.
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
    'samples as transformers does: temperature $temperature, top-k $topK, top-p $topP',
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

  it('finds a nucleus of equal tokens that is larger than the first guess', () => {
    const flat = new Float32Array(300);
    const sampler = new Sampler({ ...GREEDY, temperature: 1, topP: 0.5 });
    const seen = new Set(Array.from({ length: 1500 }, () => sampler.next(flat).id));
    // 150 of 300 equal tokens have half of the probability.
    expect(seen.size).toBe(150);
    expect(Math.min(...seen)).toBe(150);
  });

  it('finds a large nucleus of unequal tokens', () => {
    const slope = Float32Array.from({ length: 1000 }, (_, id) => ((id * 7) % 1000) / 500);
    // By definition: the heaviest first, until their probability reaches 0.6.
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

  it('tells what it will choose, and follows choices that were made elsewhere', () => {
    const settings = { ...GREEDY, temperature: 1, topP: 0.95, repetitionPenalty: 1.2, seed: 42 };
    const [plain, followed] = [new Sampler(settings, [2]), new Sampler(settings, [2])];
    for (let i = 0; i < 20; i++) {
      const fractions = followed.peek(3);
      const id = plain.next(LOGITS).id;
      expect(followed.preview(LOGITS)).toBe(id);
      expect([followed.peek(3)[0], followed.preview(LOGITS)]).toEqual([fractions[0], id]);
      if (i % 2) followed.follow(id);
      else expect(followed.next(LOGITS).id).toBe(id);
      expect(followed.peek(2)).toEqual(fractions.slice(1));
    }
    expect([...followed.seen]).toEqual([...plain.seen]);
    expect(new Sampler(GREEDY).peek(3)).toHaveLength(0);
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
