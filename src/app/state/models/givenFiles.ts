/** What files are that were given to the model library: a model, or something that belongs elsewhere on the page. */
import { MANIFEST_FILE } from '../../../shared/pack';
import { localKind, type FolderFiles, type LocalKind } from '../../browser/localFiles';
import { isCaseFile } from '../../cases/caseFile';

export type OtherPlace = 'cases' | 'images';

/** Of a folder, this many files are looked at. */
const LOOKED_AT = 20;
const START_BYTES = 132;
/** First bytes of image files, as latin1. */
const IMAGE_START =
  /^(?:\x89PNG|\xff\xd8\xff|GIF8|BM|II\*\0|MM\0\*|II\+\0|MM\0\+|RIFF....WEBP|....ftyp(?:avif|avis|mif1|heic|heix)|[^]{128}DICM)/;
/** Formats whose first bytes say little. */
const IMAGE_NAME = /\.(?:dcm|dicom|nii|nii\.gz|ima)$/i;

/** Weights in any form: planning their conversion says what is missing, or why this form can't be converted. */
const WEIGHTS =
  /(?:\.(?:safetensors|gguf|pt|pth|ckpt|onnx|h5)|^adapter_(?:config\.json|model\.bin)|^pytorch_model.*\.bin)$/i;

/** Weights without a config.json count as a checkpoint. */
export async function whatFilesAre(local: FolderFiles): Promise<LocalKind | OtherPlace> {
  const { files } = local;
  if (files.some(({ name }) => name === MANIFEST_FILE || name === 'config.json')) return localKind(local);
  if (hasWeights(files)) return 'checkpoint';
  return (await otherPlace(files)) ?? localKind(local);
}

function hasWeights(files: readonly File[]): boolean {
  return files.some(({ name }) => WEIGHTS.test(name));
}

/**
 * Where files belong that aren't a model; null if nothing is known about them.
 * @param files of a folder, or chosen by themselves
 */
async function otherPlace(files: readonly File[]): Promise<OtherPlace | null> {
  const some = files.slice(0, LOOKED_AT);
  for (const file of some) if (await isCaseFile(file).catch(() => false)) return 'cases';
  for (const file of some) if (await isImage(file)) return 'images';
  return null;
}

async function isImage(file: File): Promise<boolean> {
  if (IMAGE_NAME.test(file.name)) return true;
  try {
    const bytes = new Uint8Array(await file.slice(0, START_BYTES).arrayBuffer());
    return IMAGE_START.test(String.fromCharCode(...bytes));
  } catch {
    // It was changed or deleted after it was chosen: whoever reads it says so.
    return false;
  }
}
