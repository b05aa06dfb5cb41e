/**
 * Replaces ZIP files by the files inside them, within a budget: what an archive claims to unpack to is counted before it is
 * unpacked, and unpacking stops where it exceeds the claim.
 */
import { isZip, readZip, type ZipEntry } from '../../shared/zipReader';
import {
  byName,
  isInFolder,
  isNoise,
  MAX_FILES,
  type FoundFile,
  type FoundFiles,
  type SkippedFile,
} from './foundFiles';

/** Of all archives of one drop together, once unpacked; what isn't compressed stays where it is. */
const MAX_UNPACKED_BYTES = 1024 * 1024 * 1024;
/** An archive inside an archive is opened, one inside that is not. */
const MAX_NESTING = 2;
/** Deflate reaches 1032 : 1. Images, even black ones, stay below this; small entries may be anything. */
const MAX_RATIO = 600;
const SMALL_BYTES = 16 * 1024 * 1024;

/** @param onFile called with each file that was unpacked. Never rejects: what can't be read is in `skipped` */
export async function unpackArchives(
  found: FoundFiles,
  onFile: () => void = () => undefined,
): Promise<FoundFiles> {
  const unpacking = new Unpacking(found.skipped, onFile);
  for (const one of found.files) await unpacking.take(one, 0);
  return unpacking.found;
}

class Unpacking {
  readonly #files: FoundFile[] = [];
  readonly #skipped: SkippedFile[];
  readonly #onFile: () => void;
  #bytes = 0;

  constructor(skipped: readonly SkippedFile[], onFile: () => void) {
    this.#skipped = [...skipped];
    this.#onFile = onFile;
  }

  get found(): FoundFiles {
    return { files: this.#files, skipped: this.#skipped };
  }

  async take(one: FoundFile, nesting: number): Promise<void> {
    if (!(await isArchive(one))) {
      if (this.#files.length < MAX_FILES) this.#files.push(one);
      else this.#skip(one.path, 'tooMany');
      return;
    }
    if (nesting === MAX_NESTING) return this.#skip(one.path, 'tooDeep');
    const entries = await readZip(one.file).catch(() => null);
    if (!entries) return this.#skip(one.path, 'archive');
    const wanted = [...entries]
      .map(([path, entry]) => ({ path: path.replaceAll('\\', '/').replace(/^\/+/, ''), entry }))
      .filter(({ path }) => !isNoise(path))
      .sort((a, b) => byName(a.path, b.path));
    for (const { path, entry } of wanted) {
      if (this.#files.length >= MAX_FILES) return this.#skip(`${one.path}/${path}`, 'tooMany');
      await this.#unpack(entry, `${one.path}/${path}`, nesting);
    }
  }

  async #unpack(entry: ZipEntry, path: string, nesting: number): Promise<void> {
    const { size, packedSize, canUnpack, isStored } = entry;
    if (!canUnpack) return this.#skip(path, 'archive');
    const isSuspicious = size > SMALL_BYTES && size > packedSize * MAX_RATIO;
    const added = isStored ? 0 : size;
    if (isSuspicious || this.#bytes + added > MAX_UNPACKED_BYTES) return this.#skip(path, 'tooLarge');
    try {
      const blob = await entry.blob();
      this.#bytes += added;
      this.#onFile();
      await this.take({ file: new File([blob], path.split('/').pop() ?? path), path }, nesting + 1);
    } catch {
      this.#skip(path, 'archive');
    }
  }

  #skip(path: string, reason: SkippedFile['reason']): void {
    this.#skipped.push({ path, reason });
  }
}

/** By the first bytes; inside folders by the name as well, where documents and programs are archives too. */
async function isArchive(one: FoundFile): Promise<boolean> {
  if (isInFolder(one) && !/\.zip$/i.test(one.file.name)) return false;
  return isZip(one.file).catch(() => false);
}
