/** The packages bring no types; `wasmModule.ts` says what is used of them. */
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs';
declare module '@cornerstonejs/codec-charls/decodewasmjs';
