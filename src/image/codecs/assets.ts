/**
 * Addresses of the decoders' wasm files, resolved by the bundler. In a module of their own so that Node, which has no bundler,
 * never loads these imports.
 */
import openjpeg from '@cornerstonejs/codec-openjpeg/decodewasm?url';

export const CODEC_ASSETS = { openjpeg };
