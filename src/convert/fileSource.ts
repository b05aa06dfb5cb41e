/** A checkpoint read from files that were picked or dropped in the page. */
import { RoundsError } from '../shared/errors';
import type { BlobLike, CheckpointSource } from './source';

/**
 * Files with `webkitRelativePath` are grouped by folder, and the topmost folder with a config.json is the checkpoint.
 * A parent folder or the hub's cache therefore works too; files in other folders are ignored.
 * @param name name of the folder, used for the pack
 * @throws RoundsError checkpoint_invalid if two folders at the same depth have a config.json
 */
export function openFiles(files: readonly File[], name: string): CheckpointSource {
  const chosen = new Map(checkpointFolder(files).map((file) => [file.name, file]));
  const names = [...chosen.keys()].sort();
  return {
    name,
    revision: null,
    license: null,
    stamp: JSON.stringify(
      names.map((file) => [file, chosen.get(file)?.size, chosen.get(file)?.lastModified]),
    ),
    list: () => Promise.resolve(names),
    open: (file) => {
      const found = chosen.get(file);
      return Promise.resolve(found ? readable(found) : null);
    },
  };
}

function checkpointFolder(files: readonly File[]): File[] {
  const folders = new Map<string, File[]>();
  for (const file of files) {
    const path = file.webkitRelativePath;
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  const depth = (folder: string): number => folder.split('/').length;
  const candidates = [...folders.keys()]
    .filter((folder) => folders.get(folder)?.some((file) => file.name === 'config.json'))
    .sort((a, b) => depth(a) - depth(b));
  const [first, second] = candidates;
  if (first !== undefined && second !== undefined && depth(first) === depth(second)) {
    throw new RoundsError(
      'checkpoint_invalid',
      `Both ${first} and ${second} contain a config.json. Choose the folder of one model.`,
    );
  }
  // Without a config.json, return the top folder: planConversion reports what is missing.
  const [top] = [...folders.keys()].sort((a, b) => depth(a) - depth(b));
  return folders.get(first ?? top ?? '') ?? [];
}

/** Browsers refuse to read a file that was changed or deleted after it was chosen. */
function readable(file: File): BlobLike {
  return {
    size: file.size,
    slice: (start, end) => ({
      arrayBuffer: async () => {
        try {
          return await file.slice(start, end).arrayBuffer();
        } catch (cause) {
          throw new RoundsError(
            'checkpoint_invalid',
            `${file.name} could not be read. It was changed or deleted after it was chosen; choose the folder again.`,
            { cause },
          );
        }
      },
    }),
  };
}
