/** Loads the decoders that are WebAssembly: JavaScript glue in a chunk of its own, wasm as a file beside it. */
import { RoundsError } from '../../shared/errors';
import { loadPart } from '../loadPart';

/** What emscripten's factories take, as far as it is used here. */
export interface ModuleOptions {
  wasmBinary?: ArrayBuffer;
  print: (line: string) => void;
  printErr: (line: string) => void;
}

/** A decoder object: bytes in, `decode`, samples out. Its memory is the module's until `delete`. */
export interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  decode(): void;
  getFrameInfo(): {
    width: number;
    height: number;
    bitsPerSample: number;
    componentCount: number;
    isSigned?: boolean;
  };
  delete(): void;
}

export type ModuleFactory<T> = (options: ModuleOptions) => Promise<T>;

/** Unit tests run in Node, where the glue finds its wasm file by itself. */
const isNode = !('location' in globalThis);

/**
 * @param importGlue of a UMD bundle: some loaders put the factory on `default` only
 * @param importAddress of the wasm file, as the bundler names it
 * @throws RoundsError decoder_missing
 */
export async function loadModule<T>(
  importGlue: () => Promise<unknown>,
  importAddress: () => Promise<string>,
  log: (line: string) => void,
): Promise<T> {
  const options: ModuleOptions = { print: log, printErr: log };
  if (!isNode) options.wasmBinary = await loadPart(async () => fetchWasm(await importAddress()));
  const glue = (await loadPart(importGlue)) as {
    default?: ModuleFactory<T> | { default?: ModuleFactory<T> };
  };
  const factory = typeof glue.default === 'function' ? glue.default : glue.default?.default;
  if (!factory) throw new RoundsError('internal', 'An image decoder could not be loaded.');
  return factory(options);
}

async function fetchWasm(address: string): Promise<ArrayBuffer> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.arrayBuffer();
}
