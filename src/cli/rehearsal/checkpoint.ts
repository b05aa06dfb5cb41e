/** Writes a checkpoint with given shapes and seeded random weights: bfloat16 safetensors in several files, with an index. */
import { copyFile, mkdir, open, readFile, statfs, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '../../convert/config';
import { bfloat16Bits } from '../../convert/quantize/half';
import { packWeights, type WeightPart } from '../../convert/weightMap';
import { RoundsError } from '../../shared/errors';
import { rehearsalConfig, type BaseConfig, type SeededShape } from './shapes';

/** Typical file size on the Hub for models of this size. */
const FILE_BYTES = 4e9;
/** Prime, so that rows differ although the block of weights repeats. */
const BLOCK_ELEMENTS = 2_097_143;
const TOKENIZER_FILES = ['generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];

export interface MadeCheckpoint {
  folder: string;
  files: string[];
  /** Total size of the weights. */
  weightBytes: number;
}

/**
 * @param base a small checkpoint of the same family: gives the tokenizer and the special token ids
 * @throws RoundsError storage_quota if the disk is too full
 */
export async function makeCheckpoint(
  folder: string,
  base: string,
  scale: SeededShape,
  layers: number | null,
): Promise<MadeCheckpoint> {
  const baseConfig = JSON.parse(await readFile(join(base, 'config.json'), 'utf8')) as BaseConfig;
  const config = rehearsalConfig(baseConfig, scale, layers);
  const parts = packWeights(parseConfig(config, null)).flatMap((weight) => weight.parts);
  // transformers saves tensors in this order, which differs from the pack's.
  parts.sort((a, b) => (a.name < b.name ? -1 : 1));
  const weightBytes = parts.reduce((sum, part) => sum + bytesOf(part), 0);
  await mkdir(folder, { recursive: true });
  await checkSpace(folder, weightBytes);
  for (const file of TOKENIZER_FILES) await copyFile(join(base, file), join(folder, file));
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  // Small images: the rehearsal is about the size of the model.
  const limits = JSON.stringify({ min_pixels: 3136, max_pixels: 200_704 });
  await writeFile(join(folder, 'preprocessor_config.json'), limits);
  const weightFiles = await writeWeights(folder, parts);
  const files = [...TOKENIZER_FILES, 'config.json', 'preprocessor_config.json', ...weightFiles];
  return { folder, files: [...files, 'model.safetensors.index.json'], weightBytes };
}

/** Space for the checkpoint and for the browser's copy of the pack. */
async function checkSpace(folder: string, weightBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const needed = weightBytes * 1.6 + 1e9;
  if (bavail * bsize >= needed) return;
  const [free, wanted] = [bavail * bsize, needed].map((bytes) => (bytes / 1e9).toFixed(1));
  throw new RoundsError(
    'storage_quota',
    `${folder} has ${free} GB free, but the rehearsal needs ${wanted} GB. Free some space, or give another --dir.`,
  );
}

async function writeWeights(folder: string, parts: readonly WeightPart[]): Promise<string[]> {
  const groups: WeightPart[][] = [[]];
  let size = 0;
  for (const part of parts) {
    if (size > 0 && size + bytesOf(part) > FILE_BYTES) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)?.push(part);
    size += bytesOf(part);
  }
  const block = seededBlock();
  const pad = (n: number): string => String(n).padStart(5, '0');
  const names = groups.map((_, i) => `model-${pad(i + 1)}-of-${pad(groups.length)}.safetensors`);
  const weightMap: Record<string, string> = {};
  for (const [i, group] of groups.entries()) {
    const name = names[i] ?? '';
    await writeFileOf(join(folder, name), group, block);
    for (const part of group) weightMap[part.name] = name;
  }
  const index = JSON.stringify({ metadata: {}, weight_map: weightMap });
  await writeFile(join(folder, 'model.safetensors.index.json'), index);
  return names;
}

async function writeFileOf(path: string, parts: readonly WeightPart[], block: Buffer): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let end = 0;
  for (const part of parts) {
    const start = end;
    end += bytesOf(part);
    header[part.name] = { dtype: 'BF16', shape: part.shape, data_offsets: [start, end] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = await open(path, 'w');
  try {
    await file.write(Buffer.concat([length, json]));
    let at = 0;
    for (const part of parts) at = await writePart(file, part, block, at);
  } finally {
    await file.close();
  }
}

/**
 * Writes one tensor, starting in the block at `at`. Norm weights are 1, because activations would vanish otherwise.
 * @returns where the next tensor starts in the block
 */
async function writePart(file: FileHandle, part: WeightPart, block: Buffer, at: number): Promise<number> {
  const bytes = bytesOf(part);
  if (/norm\d?\.weight$|ln_q\.weight$/.test(part.name)) {
    await file.write(Buffer.from(new Uint16Array(bytes / 2).fill(bfloat16Bits(1)).buffer));
    return at;
  }
  let position = at;
  for (let left = bytes; left > 0;) {
    const piece = block.subarray(position, position + left);
    await file.write(piece);
    left -= piece.length;
    position = (position + piece.length) % block.length;
  }
  return position;
}

/** Small and roughly normally distributed, like trained weights; the same on every machine. */
function seededBlock(): Buffer {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const values = Uint16Array.from({ length: BLOCK_ELEMENTS }, () =>
    bfloat16Bits((next() + next() + next()) * 0.04),
  );
  return Buffer.from(values.buffer);
}

function bytesOf({ shape }: WeightPart): number {
  return shape.reduce((product, dim) => product * dim, 2);
}
