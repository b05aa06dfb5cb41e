import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compressFolder } from './precompress';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rounds-br-'));
  mkdirSync(join(folder, 'dist/assets'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

it('writes copies of what gets smaller, those of packed wasm files unpacked', async () => {
  const text = 'export const answer = 42;\n'.repeat(100);
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff) >>> 16;
  const wasm = Buffer.from(Array.from({ length: 50_000 }, () => next() % 16));
  const noise = Buffer.from(Array.from({ length: 4000 }, () => next() % 256));
  writeFileSync(join(folder, 'dist/assets/a-12345678.js'), text);
  writeFileSync(join(folder, 'dist/short.js'), 'short');
  writeFileSync(join(folder, 'dist/assets/ort-x-12345678.bin'), gzipSync(wasm));
  writeFileSync(join(folder, 'dist/shard-0.bin'), noise);
  writeFileSync(join(folder, 'dist/picture.png'), text);
  const compress = (): Promise<void> => compressFolder(join(folder, 'dist'), join(folder, 'cache'));
  await compress();
  await compress();
  const copies = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.br'),
  );
  expect(copies.sort()).toEqual(['assets/a-12345678.js.br', 'assets/ort-x-12345678.bin.br']);
  const unpacked = (name: string): Buffer => brotliDecompressSync(readFileSync(join(folder, 'dist', name)));
  expect(unpacked('assets/a-12345678.js.br').toString()).toBe(text);
  expect(unpacked('assets/ort-x-12345678.bin.br').equals(wasm)).toBe(true);
  expect(readdirSync(join(folder, 'cache'))).toHaveLength(2);
});
