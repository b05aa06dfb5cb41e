/** How much memory weights may take on WebAssembly, and how fast a model of a given size runs there. */

/**
 * Weights up to this size in total are float32. WebAssembly memory then stays at about 1 GB (docs/speed.md).
 */
export const FLOAT32_BUDGET_BYTES = 600e6;

/** Weights up to this size in total are 8-bit integers. A WebAssembly memory cannot exceed 4 GiB. */
export const INT8_BUDGET_BYTES = 2e9;

/** More threads stop helping matrix products of one token, and phones have four fast cores. */
const MAX_THREADS = 4;

const FLOAT32_BYTES = 4;
/** onnxruntime packs these weights for its kernel while it loads them, and what it frees is not all used again. */
const FLOAT32_HEAP_BYTES = 6;
/** A byte, and a float32 scale for 32 weights. */
const INT8_BYTES = 1.125;
const INT4_BYTES = 0.625;

/** Milliseconds per token for each million weights and thread, as measured on a busy x86 core (docs/speed.md). */
const FLOAT32_MS = 0.5;
const INT8_MS = 0.8;
const INT4_MS = 2.2;
/** What each thread after the first adds. */
const THREAD_SHARE = 0.7;
/** onnxruntime, the embedding, and a short conversation. */
const OTHER_BYTES = 150e6;

export interface WasmEstimate {
  tokensPerSecond: number;
  /** Weights and working memory. */
  bytes: number;
}

/** Threads need shared memory, and that needs a cross-origin isolated page. */
export function wasmThreads(isIsolated: boolean, cores: number | undefined): number {
  return isIsolated ? Math.max(1, Math.min(MAX_THREADS, cores || 1)) : 1;
}

/** What a quantized model takes on WebAssembly, with its weights in the forms that engine/graphs/weightForms.ts plans. */
export function estimateOnWasm(parameters: number, threads: number): WasmEstimate {
  const [smallBytes, smallMs] =
    parameters * INT8_BYTES <= INT8_BUDGET_BYTES ? [INT8_BYTES, INT8_MS] : [INT4_BYTES, INT4_MS];
  const spare = Math.max(0, FLOAT32_BUDGET_BYTES - parameters * smallBytes);
  const float32 = Math.min(parameters, spare / (FLOAT32_BYTES - smallBytes));
  const milliseconds = (float32 * FLOAT32_MS + (parameters - float32) * smallMs) / 1e6;
  return {
    tokensPerSecond: (1000 * (1 + THREAD_SHARE * (threads - 1))) / milliseconds,
    bytes: float32 * FLOAT32_HEAP_BYTES + (parameters - float32) * smallBytes + OTHER_BYTES,
  };
}
