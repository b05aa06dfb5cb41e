import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seeded } from '../testing/testCheckpoint';
import { javaScriptBlockErrors, MAX_SCALES, webAssemblyBlockErrors } from './blockErrors';
import { quantizeQ4 } from './q4';

/** Blocks of every magnitude that float16 scales can have and beyond: bell-shaped, with ties, one-sided, all zero. */
function blocks(exponent: number, kind: number): Float32Array {
  const next = seeded(exponent * 8 + kind + 1000);
  const size = 2 ** exponent;
  return Float32Array.from({ length: 32 * 16 }, (_, i) => {
    if (kind === 0) return size * (next() + next() + next());
    if (kind === 1) return size * next() ** 5;
    if (kind === 2) return size * Math.round(8 * next());
    return (i >> 5) % 3 === 0 ? 0 : size * (next() - 0.9);
  });
}

describe('the error of a block', () => {
  it('is bit-identical in WebAssembly and in JavaScript', () => {
    const [wasm, script] = [webAssemblyBlockErrors()!, javaScriptBlockErrors()];
    expect(wasm).not.toBeNull();
    const next = seeded(5);
    for (let trial = 0; trial < 500; trial++) {
      const size = 2 ** (trial % 60) / 2 ** 40;
      for (const errors of [wasm, script]) errors.errors.fill(-1);
      for (let i = 0; i < 32; i++) wasm.block[i] = script.block[i] = size * next();
      for (let i = 0; i < 32; i++) wasm.importance[i] = script.importance[i] = next() ** 2;
      for (let i = 0; i < MAX_SCALES; i++) wasm.scales[i] = script.scales[i] = (size / 8) * next();
      wasm.scales[3] = script.scales[3] = NaN;
      wasm.scales[4] = script.scales[4] = Infinity;
      wasm.run(MAX_SCALES - 1);
      script.run(MAX_SCALES - 1);
      expect([...wasm.errors]).toEqual([...script.errors]);
      expect(wasm.errors[3]).toBeNaN();
      expect(wasm.errors.at(-1)).toBe(-1);
      wasm.runWeighted(MAX_SCALES - 1);
      script.runWeighted(MAX_SCALES - 1);
      expect([...wasm.errors]).toEqual([...script.errors]);
    }
  });

  it('weights each value by its importance', () => {
    const { block, importance, scales, errors, runWeighted } = webAssemblyBlockErrors()!;
    block.fill(0);
    block.set([0.5, 1.25, -8.25, 9], 0);
    importance.fill(0);
    importance.set([2, 3, 0, 0.5], 0);
    scales[0] = 1;
    runWeighted(1);
    expect(errors[0]).toBeCloseTo(2 * 0.25 + 3 * 0.0625 + 0.5 * 4, 12);
  });

  it('is the squared distance to the nearest of the 16 levels', () => {
    const { block, scales, errors, run } = webAssemblyBlockErrors()!;
    block.fill(0);
    block.set([0.5, 1.5, -8.25, 9, 0.3], 0);
    scales[0] = 1;
    scales[1] = -0.5;
    run(2);
    expect(errors[0]).toBeCloseTo(0.25 + 0.25 + 0.0625 + 4 + 0.09, 12);
    // The levels are −3.5 to 4: −8.25 is 4.75 below the lowest, 9 is 5 above the highest.
    expect(errors[1]).toBeCloseTo(0 + 0 + 4.75 ** 2 + 25 + 0.04, 12);
  });
});

describe('the scale search', () => {
  it('still gives the same bytes: packs of a checkpoint must not change', () => {
    const hash = createHash('sha256');
    for (let exponent = -34; exponent <= 18; exponent++) {
      for (let kind = 0; kind < 4; kind++) {
        const { data, scales } = quantizeQ4(blocks(exponent, kind), true);
        hash.update(data).update(new Uint8Array(scales.buffer));
      }
    }
    expect(hash.digest('hex')).toBe('bbc69c3222a11f690d0c8fd3cf3fe83223f9856fbee32d171ff34e0dfadd77de');
  });
});
