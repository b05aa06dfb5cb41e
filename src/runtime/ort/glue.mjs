/**
 * Stands between onnxruntime-web and the JavaScript glue of its wasm file: starts the module as usual and hands it to
 * wasmHeap.ts and providerOptions.ts. onnxruntime-web imports this file by its URL; the two exchange what they need through a global name.
 */
const { original, adopt } = globalThis.roundsOrt;
const { default: start } = await import(/* @vite-ignore */ original);

export default async function startAndAdopt(options) {
  const module = await start(options);
  adopt(module);
  return module;
}
