/** The packages have no types; `wasmModule.ts` declares what is used of them. */
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs';
