/** Files that a visitor picked or dropped, and what they appear to be. */
import { MANIFEST_FILE } from '../../shared/pack';

export interface FolderFiles {
  /** Of the folder; without a folder, of the first file. */
  name: string;
  /** Directly in the folder, not in folders inside it. */
  files: File[];
}

export type LocalKind = 'pack' | 'checkpoint' | 'unknown';

/** A pack (a folder or a single file), a checkpoint's folder, or neither. */
export function localKind({ files }: FolderFiles): LocalKind {
  const names = new Set(files.map(({ name }) => name));
  if (names.has(MANIFEST_FILE)) return 'pack';
  if (names.has('config.json')) return 'checkpoint';
  return files.length === 1 && !files[0]?.name.endsWith('.safetensors') ? 'pack' : 'unknown';
}

/** From a file input, with or without `webkitdirectory`. Folders inside the folder are ignored. */
export function pickedFiles(list: readonly File[]): FolderFiles {
  const [first] = list;
  const folder = first?.webkitRelativePath.split('/')[0] ?? '';
  const files = folder ? list.filter((file) => file.webkitRelativePath.split('/').length === 2) : [...list];
  return { name: folder || (first?.name ?? ''), files };
}

/** From a drop: the files of a folder, or the files themselves. Call it during the event: the transfer is empty afterwards. */
export async function droppedFiles(transfer: DataTransfer): Promise<FolderFiles> {
  const entries = [...transfer.items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  const loose = [...transfer.files];
  const folder = entries.find((entry) => entry.isDirectory);
  if (!folder) return pickedFiles(loose);
  const inside = await readFolder(folder as FileSystemDirectoryEntry);
  return { name: folder.name, files: inside };
}

async function readFolder(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const files: File[] = [];
  // A reader returns its entries in batches; an empty batch means that it is done.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (batch.length === 0) return files;
    for (const entry of batch) {
      if (entry.isFile) files.push(await readFile(entry as FileSystemFileEntry));
    }
  }
}

function readFile(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
