/**
 * The inner loop of the scale search: the squared quantization error of a block for each of several scales. Runs in
 * WebAssembly with SIMD (two float64 per step) where available, else in JavaScript. Both perform the same operations
 * in the same order, so the results are bit-identical.
 */
import { BLOCK_SIZE } from '../../shared/pack';

/** Maximum number of scales per call. */
export const MAX_SCALES = 32;

export interface BlockErrors {
  /** float64 [32]: the values of the block. Filled by the caller. */
  readonly block: Float64Array;
  /** float64 [32]: the weight of each value's squared error in `runWeighted`. Filled by the caller. */
  readonly importance: Float64Array;
  /** float64 [MAX_SCALES]. Filled by the caller. */
  readonly scales: Float64Array;
  /** float64 [MAX_SCALES]: the results of `run` and `runWeighted`. */
  readonly errors: Float64Array;
  /**
   * Computes Σ (x − scale × level)² for the first `count` scales, where level is the integer in −8…7 nearest to
   * x / scale. A scale of NaN gives NaN.
   */
  run: (count: number) => void;
  /** The same for Σ importance × (x − scale × level)². */
  runWeighted: (count: number) => void;
}

/** Each thread creates its own. */
export function createBlockErrors(): BlockErrors {
  return webAssemblyBlockErrors() ?? javaScriptBlockErrors();
}

/** 1.5 × 2^52: adding and subtracting it rounds a float64 below 2^51 to an integer, ties to even. */
const ROUNDING = 6_755_399_441_055_744;

export function javaScriptBlockErrors(): BlockErrors {
  const block = new Float64Array(BLOCK_SIZE);
  const importance = new Float64Array(BLOCK_SIZE);
  const uniform = new Float64Array(BLOCK_SIZE).fill(1);
  const scales = new Float64Array(MAX_SCALES);
  const errors = new Float64Array(MAX_SCALES);
  // Multiplying by 1 is exact, so uniform weights give the unweighted sums.
  const blockError = (scale: number, weights: Float64Array): number => {
    const inverse = 1 / scale;
    // Two independent sums, which the processor can compute in parallel.
    let even = 0;
    let odd = 0;
    for (let i = 0; i < BLOCK_SIZE; i += 2) {
      const first = block[i]! * inverse;
      const second = block[i + 1]! * inverse;
      const firstLevel = first + ROUNDING - ROUNDING;
      const secondLevel = second + ROUNDING - ROUNDING;
      const firstError = first - (firstLevel > 7 ? 7 : firstLevel < -8 ? -8 : firstLevel);
      const secondError = second - (secondLevel > 7 ? 7 : secondLevel < -8 ? -8 : secondLevel);
      even += firstError * firstError * weights[i]!;
      odd += secondError * secondError * weights[i + 1]!;
    }
    return (even + odd) * (scale * scale);
  };
  const runWith = (weights: Float64Array) => (count: number) => {
    for (let i = 0; i < count; i++) errors[i] = blockError(scales[i]!, weights);
  };
  return { block, importance, scales, errors, run: runWith(uniform), runWeighted: runWith(importance) };
}

/** Null if WebAssembly or its SIMD is unavailable or forbidden. */
export function webAssemblyBlockErrors(): BlockErrors | null {
  if (typeof WebAssembly === 'undefined') return null;
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble()));
    const { memory, run, runWeighted } = exports as unknown as Exports;
    return {
      block: new Float64Array(memory.buffer, BLOCK_AT, BLOCK_SIZE),
      importance: new Float64Array(memory.buffer, IMPORTANCE_AT, BLOCK_SIZE),
      scales: new Float64Array(memory.buffer, SCALES_AT, MAX_SCALES),
      errors: new Float64Array(memory.buffer, ERRORS_AT, MAX_SCALES),
      run: (count) => run(count * 8),
      runWeighted: (count) => runWeighted(count * 8),
    };
  } catch {
    return null;
  }
}

interface Exports {
  memory: WebAssembly.Memory;
  run: (endBytes: number) => void;
  runWeighted: (endBytes: number) => void;
}

/** Byte offsets of the arrays in the module's memory. */
const BLOCK_AT = 0;
const SCALES_AT = 512;
const ERRORS_AT = 1024;
const IMPORTANCE_AT = 1536;

/** Unsigned LEB128, the encoding of integers in a module. */
function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];
}

/** Opcodes of the WebAssembly specification, including its vector instructions. */
const simd = (code: number): number[] => [0xfd, ...leb(code)];
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const tee = (local: number): number[] => [0x22, local];
const f64 = (value: number): number[] => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)];
const SPLAT = simd(0x14);
const NEAREST = simd(0x94);
const [ADD, SUB, MUL] = [simd(0xf0), simd(0xf1), simd(0xf2)];
const [PMIN, PMAX] = [simd(0xf6), simd(0xf7)];
const [F64_ADD, F64_MUL, F64_DIV] = [0xa0, 0xa2, 0xa3];
const END = 0x0b;

/**
 * The code of `run(end)` or `runWeighted(end)`, which iterates over the scales, 8 bytes at a time. Locals: 0 end,
 * 1 position (i32); 2 scale (f64); 3 its inverse, 4 sum, 5 scratch, 6 all 7, 7 all −8 (v128: one lane for the even
 * elements of the block, one for the odd ones).
 */
function errorCode(isWeighted: boolean): number[] {
  const load = (at: number): number[] => [0x41, 0, ...simd(0x00), 3, ...leb(at)];
  const pair = (i: number): number[] => [
    ...[...load(BLOCK_AT + 16 * i), ...get(3), ...MUL, ...tee(5)],
    ...[...get(5), ...NEAREST, ...get(6), ...PMIN, ...get(7), ...PMAX, ...SUB, ...tee(5)],
    ...[...get(5), ...MUL, ...(isWeighted ? [...load(IMPORTANCE_AT + 16 * i), ...MUL] : [])],
    ...[...get(4), ...ADD, ...set(4)],
  ];
  const loop = [
    ...[...get(1), 0x2b, 3, ...leb(SCALES_AT), ...set(2)],
    ...[...f64(1), ...get(2), F64_DIV, ...SPLAT, ...set(3)],
    ...[...f64(0), ...SPLAT, ...set(4)],
    ...Array.from({ length: BLOCK_SIZE / 2 }, (_, i) => pair(i)).flat(),
    ...[...get(1), ...get(4), ...simd(0x21), 0, ...get(4), ...simd(0x21), 1, F64_ADD],
    ...[...get(2), ...get(2), F64_MUL, F64_MUL, 0x39, 3, ...leb(ERRORS_AT)],
    ...[...get(1), 0x41, 8, 0x6a, ...tee(1), ...get(0), 0x49, 0x0d, 0],
  ];
  return [
    ...[3, 1, 0x7f, 1, 0x7c, 5, 0x7b],
    ...[...f64(7), ...SPLAT, ...set(6), ...f64(-8), ...SPLAT, ...set(7)],
    ...[0x03, 0x40, ...loop, END, END],
  ];
}

/** The binary module, which exports `memory`, `run` and `runWeighted`. */
function assemble(): Uint8Array<ArrayBuffer> {
  const codes = [errorCode(false), errorCode(true)];
  const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
  const section = (id: number, bytes: number[]): number[] => [id, ...leb(bytes.length), ...bytes];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, 0x7f, 0]),
    ...section(3, [2, 0, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [3, ...name('memory'), 2, 0, ...name('run'), 0, 0, ...name('runWeighted'), 0, 1]),
    ...section(10, [2, ...codes.flatMap((code) => [...leb(code.length), ...code])]),
  ]);
}
