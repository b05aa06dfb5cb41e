/**
 * Vite plugin: writes a brotli copy `NAME.br` beside each file of the site that gets smaller by it. Hosts that look for such files
 * (docs/hosting.md) send them as the file itself; others ignore them. Copies are kept in .cache, because the largest take seconds.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gunzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const TEXT_TYPES = new Set([
  '.html',
  '.js',
  '.css',
  '.json',
  '.svg',
  '.webmanifest',
  '.txt',
  '.jinja',
  '.wasm',
]);
/** onnxruntime's wasm files, which the site stores as gzip (compressedAsset.ts). */
const PACKED = /^ort-.*\.bin$/;
/** A smaller file fits into one packet anyway. */
const MIN_BYTES = 1024;
/** The best quality takes a minute for the wasm files, and saves 3 %. */
const LARGE_BYTES = 2 * 2 ** 20;

export function precompress(cache: string): Plugin {
  let folder: string | null = null;
  return {
    name: 'rounds:precompress',
    apply: 'build',
    writeBundle: ({ dir }) => {
      folder = dir ?? null;
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      handler: async () => {
        if (folder) await compressFolder(folder, cache);
      },
    },
  };
}

/** Writes the copies of a folder's files. @param cache folder of copies by content, which is made if it is missing */
export async function compressFolder(folder: string, cache: string): Promise<void> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  for (const { name, parentPath } of files) {
    const isPacked = PACKED.test(name);
    if (!isPacked && !TEXT_TYPES.has(extname(name))) continue;
    const stored = readFileSync(join(parentPath, name));
    if (stored.length < MIN_BYTES) continue;
    // The copy is of the wasm file itself: the page takes either (loadOrt.ts).
    const copy = await compressed(isPacked ? gunzipSync(stored) : stored, cache);
    if (copy.length < stored.length) writeFileSync(join(parentPath, `${name}.br`), copy);
  }
}

async function compressed(bytes: Buffer, cache: string): Promise<Buffer> {
  const path = join(cache, `${createHash('sha256').update(bytes).digest('hex')}.br`);
  try {
    return readFileSync(path);
  } catch {
    const copy = await promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: bytes.length > LARGE_BYTES ? 9 : constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    });
    mkdirSync(cache, { recursive: true });
    // Another build may be writing the same copy.
    writeFileSync(`${path}.${process.pid}`, copy);
    renameSync(`${path}.${process.pid}`, path);
    return copy;
  }
}
