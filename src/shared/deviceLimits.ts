/**
 * Larger models do not start on WebAssembly by themselves: a token would take more than a third of a second on two
 * cores, and a prompt with an image half a minute (estimateOnWasm in wasmWeights.ts).
 */
export const MAX_WASM_PARAMETERS = 600e6;
