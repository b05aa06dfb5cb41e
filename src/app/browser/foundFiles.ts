/**
 * Files that a visitor dropped or chose, with those inside folders. A drop is read in two steps, because its transfer is empty
 * once the event is over.
 */
export interface FoundFile {
  readonly file: File;
  /** With the folders or archives that it is in, separated by slashes; the plain name of a file chosen by itself. */
  readonly path: string;
}

/** Why files were not read. */
export type SkipReason = 'unreadable' | 'tooMany' | 'tooDeep' | 'tooLarge' | 'archive';

export interface SkippedFile {
  readonly path: string;
  readonly reason: SkipReason;
}

export interface FoundFiles {
  readonly files: readonly FoundFile[];
  readonly skipped: readonly SkippedFile[];
}

/** A study has a few thousand files; more than this is the wrong folder. */
export const MAX_FILES = 5000;
const MAX_DEPTH = 16;
/** What systems and discs add to a folder: never what a visitor means. */
const NOISE = /^(\.|__MACOSX$|thumbs\.db$|desktop\.ini$|dicomdir$)/i;

export function isNoise(path: string): boolean {
  return path.split('/').some((part) => NOISE.test(part));
}

export function isInFolder({ path }: FoundFile): boolean {
  return path.includes('/');
}

/** From a file input, with or without `webkitdirectory`. */
export function chosenFiles(list: Iterable<File>): FoundFiles {
  const all = [...list]
    .map((file) => ({ file, path: file.webkitRelativePath || file.name }))
    .filter((found) => !isInFolder(found) || !isNoise(found.path))
    .sort((a, b) => (isInFolder(a) && isInFolder(b) ? byName(a.path, b.path) : 0));
  const [first] = all.slice(MAX_FILES);
  return {
    files: all.slice(0, MAX_FILES),
    skipped: first ? [{ path: first.path, reason: 'tooMany' }] : [],
  };
}

/** @param transfer of a drop or a paste; read now, while the event lasts, and walked afterwards. Never rejects */
export function transferredFiles(transfer: DataTransfer): Promise<FoundFiles> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const roots = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const walk = new Walk();
  for (const file of roots.length === 0 ? transfer.files : []) walk.add(file, file.name);
  return (async () => {
    for (const { entry, file } of roots) {
      if (entry?.isDirectory) await walk.enter(entry as FileSystemDirectoryEntry, entry.name, 1);
      else if (file) walk.add(file, file.name);
      else if (entry) await walk.read(entry as FileSystemFileEntry, entry.name);
    }
    return walk.found;
  })();
}

/** Natural order: slice 2 before slice 10. */
export function byName(a: string, b: string): number {
  return NATURAL.compare(a, b);
}

const NATURAL = new Intl.Collator('en', { numeric: true });

class Walk {
  readonly #files: FoundFile[] = [];
  readonly #skipped: SkippedFile[] = [];
  #isFull = false;

  get found(): FoundFiles {
    return { files: this.#files, skipped: this.#skipped };
  }

  add(file: File, path: string): void {
    if (this.#files.length < MAX_FILES) this.#files.push({ file, path });
    else this.#fill(path);
  }

  async read(entry: FileSystemFileEntry, path: string): Promise<void> {
    try {
      const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
      this.add(file, path);
    } catch {
      this.#skipped.push({ path, reason: 'unreadable' });
    }
  }

  async enter(folder: FileSystemDirectoryEntry, path: string, depth: number): Promise<void> {
    if (depth > MAX_DEPTH) {
      this.#skipped.push({ path, reason: 'tooDeep' });
      return;
    }
    const entries = await this.#list(folder, path);
    for (const entry of entries.sort((a, b) => byName(a.name, b.name))) {
      if (this.#isFull) return;
      const inside = `${path}/${entry.name}`;
      if (isNoise(entry.name)) continue;
      if (entry.isDirectory) await this.enter(entry as FileSystemDirectoryEntry, inside, depth + 1);
      else await this.read(entry as FileSystemFileEntry, inside);
    }
  }

  /** A reader returns its entries in batches of at most 100; an empty batch means that it is done. */
  async #list(folder: FileSystemDirectoryEntry, path: string): Promise<FileSystemEntry[]> {
    const reader = folder.createReader();
    const all: FileSystemEntry[] = [];
    try {
      while (all.length <= MAX_FILES) {
        const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
          reader.readEntries(resolve, reject),
        );
        if (batch.length === 0) break;
        all.push(...batch);
      }
    } catch {
      this.#skipped.push({ path, reason: 'unreadable' });
    }
    return all;
  }

  #fill(path: string): void {
    if (!this.#isFull) this.#skipped.push({ path, reason: 'tooMany' });
    this.#isFull = true;
  }
}
