/** Files that a visitor picked or dropped, and what they appear to be. */
import { MANIFEST_FILE } from '../../shared/pack';
import { isZip, readZip } from '../../shared/zipReader';
import { isInFolder, type FoundFile } from './foundFiles';

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

const MODEL_FILE = /\.(safetensors|gguf|onnx|pth|ckpt)$/i;

/**
 * The model among files that were dropped elsewhere: a pack, a checkpoint's folder, or a file that looks like a model.
 * @returns null if there is none
 */
export async function modelFolder(files: readonly FoundFile[]): Promise<FolderFiles | null> {
  const manifest = files.find(({ file }) => file.name === MANIFEST_FILE);
  if (manifest) return folderOf(manifest, files);
  const model = files.find(({ file }) => MODEL_FILE.test(file.name));
  if (model) return folderOf(model, files);
  for (const found of files) {
    if (!isInFolder(found) && (await isPackZip(found.file)))
      return { name: found.file.name, files: [found.file] };
  }
  return null;
}

/** The files next to one of a folder; one that was chosen by itself is alone. */
function folderOf({ file, path }: FoundFile, files: readonly FoundFile[]): FolderFiles {
  const folder = path.slice(0, -file.name.length);
  const beside = files.filter((one) => one.path === folder + one.file.name).map((one) => one.file);
  return { name: folder.split('/').at(-2) ?? file.name, files: beside };
}

async function isPackZip(file: File): Promise<boolean> {
  if (!(await isZip(file).catch(() => false))) return false;
  const entries = await readZip(file).catch(() => null);
  return entries !== null && [...entries.keys()].some((path) => /^([^/]+\/)?pack\.json$/.test(path));
}
