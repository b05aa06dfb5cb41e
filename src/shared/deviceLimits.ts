/** More weights would be too slow: on wasm a token takes about 4 ms for each million weights and thread. */
export const MAX_WASM_PARAMETERS = 60e6;
