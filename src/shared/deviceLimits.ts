/** Above this many weights nobody would wait: on wasm a token costs about 4 ms for each million weights and thread. */
export const MAX_WASM_PARAMETERS = 60e6;
