/**
 * Addresses of onnxruntime-web's wasm files (in a build, compressed) and their JavaScript glue, as the bundler names them. Apart from
 * loadOrt.ts so that Node, which has no bundler, never reads these imports.
 */
import wasmGlue from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasmBinary from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?compressed';
import jspiGlue from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url';
import jspiBinary from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?compressed';
import asyncifyGlue from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import asyncifyBinary from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?compressed';
import ownGlue from './glue.mjs?url&no-inline';
import type { OrtBuild } from './build';

export const ORT_ASSETS: Record<OrtBuild, { glue: string; binary: string }> = {
  wasm: { glue: wasmGlue, binary: wasmBinary },
  jspi: { glue: jspiGlue, binary: jspiBinary },
  asyncify: { glue: asyncifyGlue, binary: asyncifyBinary },
};

/** Stands before each build's glue (wasmHeap.ts). */
export const OWN_GLUE = ownGlue;
