/** A pack in a folder, read like the engine reads it, and packs with tables added to their tensors. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackReader } from '../../engine/ports';
import { MANIFEST_FILE, type PackTensor, type Span } from '../../shared/pack';
import { parseManifest } from '../../shared/packManifest';

/** Reads all shards: for models of a few hundred MB. @throws RoundsError pack_invalid */
export async function openPackFolder(folder: string): Promise<PackReader> {
  const manifest = parseManifest(JSON.parse(await readFile(join(folder, MANIFEST_FILE), 'utf8')));
  const shards = await Promise.all(manifest.shards.map(({ file }) => readFile(join(folder, file))));
  const stream = Buffer.concat(shards);
  return {
    manifest,
    read: ({ offset, length }) => Promise.resolve(new Uint8Array(stream.subarray(offset, offset + length))),
  };
}

export interface Table {
  shape: number[];
  values: Float32Array<ArrayBuffer>;
}

/** The pack with float32 tensors of these names, so that a graph can have them as initializers. */
export function withTables(pack: PackReader, tables: Record<string, Table>): PackReader {
  const { manifest } = pack;
  const tensors: PackTensor[] = [];
  const added: { span: Span; bytes: Uint8Array }[] = [];
  let offset = manifest.totalBytes;
  for (const [name, { shape, values }] of Object.entries(tables)) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const span = { offset, length: bytes.length };
    tensors.push({ name, dtype: 'f32', shape, data: span });
    added.push({ span, bytes });
    offset += bytes.length;
  }
  return {
    manifest: { ...manifest, tensors: [...manifest.tensors, ...tensors] },
    read: (span) => {
      const table = added.find(({ span: { offset: start, length } }) => {
        return span.offset >= start && span.offset + span.length <= start + length;
      });
      if (!table) return pack.read(span);
      const start = span.offset - table.span.offset;
      return Promise.resolve(table.bytes.slice(start, start + span.length));
    },
  };
}
