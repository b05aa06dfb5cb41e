/** A checkpoint among files that were picked or dropped in the page. */
import { RoundsError } from '../shared/errors';
import type { BlobLike, CheckpointSource } from './source';

/**
 * Files with `webkitRelativePath` keep to their folders: the one nearest to the top that has a config.json is the
 * checkpoint, so that a parent folder or the hub's cache may be given as well. The others are not looked at.
 * @param name of the folder, for the pack
 * @throws RoundsError checkpoint_invalid where two folders could be meant
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
      `Both ${first} and ${second} hold a config.json. Choose the folder of one model.`,
    );
  }
  // Without a config.json the planner says what is missing, of the top folder.
  const [top] = [...folders.keys()].sort((a, b) => depth(a) - depth(b));
  return folders.get(first ?? top ?? '') ?? [];
}

/** A file that was changed or taken away since it was chosen can't be read any more. */
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
            `${file.name} could not be read. It changed or is gone since it was chosen; choose the folder again.`,
            { cause },
          );
        }
      },
    }),
  };
}
