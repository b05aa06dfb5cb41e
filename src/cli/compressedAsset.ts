/**
 * Vite plugin: `import url from 'file?compressed'` gives the URL of a gzip copy of the file. The copy is named `.bin`, so that
 * servers neither unpack it nor add Content-Encoding. This way the site also works on hosts that don't compress or that
 * limit files to 25 MiB. The development server sends the original file; the reader checks the first bytes.
 */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const QUERY = '?compressed';
/** The page and each worker are bundled separately; a file that several of them import is compressed only once. */
const packed = new Map<string, Promise<Buffer>>();

export function compressedAsset(): Plugin {
  let isBuild = false;
  return {
    name: 'rounds:compressed-asset',
    enforce: 'pre',
    configResolved: ({ command }) => {
      isBuild = command === 'build';
    },
    async resolveId(source, importer, options) {
      if (!source.endsWith(QUERY)) return null;
      const found = await this.resolve(source.slice(0, -QUERY.length), importer, {
        ...options,
        skipSelf: true,
      });
      return found ? found.id + QUERY : null;
    },
    async load(id) {
      if (!id.endsWith(QUERY)) return null;
      const path = id.slice(0, -QUERY.length);
      if (!isBuild) return `export { default } from ${JSON.stringify(`${path}?url`)};`;
      const bytes = packed.get(path) ?? readFile(path).then((raw) => promisify(gzip)(raw, { level: 9 }));
      packed.set(path, bytes);
      const name = `${basename(path, extname(path))}.bin`;
      const reference = this.emitFile({ type: 'asset', name, source: await bytes });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
  };
}
