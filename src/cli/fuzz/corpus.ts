/** Inputs that once broke a parser, in corpus/PARSER/. They are tried before all others. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'corpus');

export function readCorpus(parser: string): { file: string; bytes: Uint8Array }[] {
  const folder = join(FOLDER, parser);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((file) => ({ file, bytes: new Uint8Array(readFileSync(join(folder, file))) }));
}
