/** Loads the WebAssembly decoders: JavaScript glue in a chunk of its own, and a wasm file next to it. */
import { RoundsError } from '../../shared/errors';
import { loadPart } from '../loadPart';

/** The options of emscripten's factories that are used here. */
export interface ModuleOptions {
  wasmBinary?: ArrayBuffer;
  print: (line: string) => void;
  printErr: (line: string) => void;
}

/** A decoder object: bytes in, `decode`, samples out. It holds memory of the module until `delete`. */
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

/** Unit tests run in Node, where the glue finds its wasm file itself. */
const isNode = !('location' in globalThis);

/**
 * @param importGlue imports a UMD bundle; some loaders put its factory on `default` only
 * @param importAddress imports the bundled address of the wasm file
 * @throws RoundsError decoder_missing, internal
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
  if (!factory) throw new RoundsError('internal', 'the decoder’s module has no factory; reload the page.');
  return factory(options);
}

async function fetchWasm(address: string): Promise<ArrayBuffer> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.arrayBuffer();
}
