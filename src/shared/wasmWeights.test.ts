import { describe, expect, it } from 'vitest';
import { estimateOnWasm, FLOAT32_BUDGET_BYTES, wasmThreads } from './wasmWeights';

describe('a model on WebAssembly', () => {
  it('is fastest while all weights fit as float32', () => {
    const small = estimateOnWasm(135e6, 2);
    expect(small.tokensPerSecond).toBeCloseTo(25.2, 1);
    expect(small.bytes).toBeCloseTo(960e6, -6);
  });

  it('fills the memory budget with float32, then keeps weights of one byte, then of half a byte', () => {
    const bytesOf = (parameters: number): number => estimateOnWasm(parameters, 2).bytes - 150e6;
    const float32 = (FLOAT32_BUDGET_BYTES - 500e6 * 1.125) / 2.875;
    expect(bytesOf(500e6)).toBeCloseTo(6 * float32 + 1.125 * (500e6 - float32), -3);
    expect(bytesOf(1000e6)).toBeCloseTo(1125e6, -3);
    expect(bytesOf(3000e6)).toBeCloseTo(1875e6, -3);
  });

  it('gets slower with size and faster with threads', () => {
    const rates = [50e6, 500e6, 1500e6, 3000e6].map((size) => estimateOnWasm(size, 2).tokensPerSecond);
    expect(rates).toEqual([...rates].sort((a, b) => b - a));
    expect(estimateOnWasm(50e6, 4).tokensPerSecond).toBeGreaterThan(rates[0] ?? Infinity);
  });

  it('has several threads in an isolated page only, and four at most', () => {
    expect(wasmThreads(false, 8)).toBe(1);
    expect(wasmThreads(true, 8)).toBe(4);
    expect(wasmThreads(true, 2)).toBe(2);
    expect(wasmThreads(true, undefined)).toBe(1);
  });
});
