/** How much memory weights may take on WebAssembly, and how fast a model of a given size runs there. */

/**
 * Weights up to this size in total are float32. With the KV cache and working memory a model then stays below about
 * 1 GB of WebAssembly memory.
 */
export const FLOAT32_BUDGET_BYTES = 750e6;

/** Weights up to this size in total are 8-bit integers. A WebAssembly memory cannot exceed 4 GiB. */
export const INT8_BUDGET_BYTES = 2e9;
