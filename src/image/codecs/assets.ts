/**
 * Addresses of the decoders' wasm files as the bundler names them. Apart from their users so that Node, which has no
 * bundler, never reads these imports.
 */
import charls from '@cornerstonejs/codec-charls/decodewasm?url';
import openjpeg from '@cornerstonejs/codec-openjpeg/decodewasm?url';

export const CODEC_ASSETS = { charls, openjpeg };
