/** Where the committed reference cases and their tiny checkpoints are, for tests. */
import { join } from 'node:path';
import { PROJECT } from '../install.mjs';

export const VECTORS = join(PROJECT, 'models/goldens/vectors');
/** Folder with the checkpoints `qwen2_5_vl` and `qwen2_vl`. */
export const CHECKPOINTS = join(VECTORS, 'checkpoints');
