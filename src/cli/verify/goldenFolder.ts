/** Reads a folder of reference cases in the format of models/goldens/README.md. Node only; for tests and `npm run verify`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RoundsError } from '../../shared/errors';

export interface GoldenTensor {
  shape: number[];
  /** A .npy file with the whole tensor; if absent, only the samples are known. */
  file?: string;
  samples: { index: number[]; value: number[] };
}

export interface GoldenCase {
  name: string;
  messages: { role: 'system' | 'user' | 'assistant'; content: string | GoldenPart[] }[];
  /** Paths relative to the folder. */
  images: string[];
  prompt: string;
  input_ids: number[];
  image_grid_thw: number[][];
  position_ids: number[][];
  rope_delta: number;
  pixel_values?: GoldenTensor | null;
  image_embeds?: GoldenTensor | null;
  logits: { file: string };
  greedy: { token_ids: number[]; margin: number[] };
}

export type GoldenPart = { type: 'text'; text: string } | { type: 'image'; image: string };

export interface GoldenImage {
  rgb_sha256: string;
  resized_sha256: string;
}

export interface GoldenManifest {
  checkpoints: Record<string, { dir: string; cases: string }>;
  images: Record<string, GoldenImage>;
  cases: string[];
}

export class GoldenFolder {
  readonly path: string;
  readonly manifest: GoldenManifest;

  /** @throws RoundsError file_invalid if `path` is not a folder of reference cases */
  constructor(path: string) {
    this.path = path;
    this.manifest = this.#json<GoldenManifest>('manifest.json');
    const { checkpoints, images, cases } = this.manifest as Partial<GoldenManifest>;
    if (!checkpoints || !images || !cases)
      throw notGoldens(path, 'its manifest.json does not list checkpoints, images and cases');
  }

  checkpointDir(name: string): string {
    return join(this.path, this.manifest.checkpoints[name]?.dir ?? '');
  }

  case(checkpoint: string, name: string): GoldenCase {
    return this.#json<GoldenCase>(join(this.manifest.checkpoints[checkpoint]?.cases ?? '', `${name}.json`));
  }

  /** The PNG of the image's 8-bit RGB pixels, as the reference decoded them. */
  rgbPath(image: string): string {
    const file = (image.split('/').pop() ?? '').replace(/\.[^.]+$/, '.png');
    return join(this.path, 'images_rgb', file);
  }

  imagePath(file: string): string {
    return join(this.path, 'images', file);
  }

  /** The values of a .npy file (format 1.0, little-endian float32). */
  npy(file: string): Float32Array {
    const bytes = readFileSync(join(this.path, file));
    const isFloat = bytes.subarray(10, 10 + bytes.readUInt16LE(8)).includes("'<f4'");
    if (!isFloat) throw notGoldens(this.path, `${file} does not hold float32`);
    return new Float32Array(new Uint8Array(bytes.subarray(10 + bytes.readUInt16LE(8))).buffer);
  }

  #json<T>(file: string): T {
    const path = join(this.path, file);
    if (!existsSync(path)) throw notGoldens(this.path, `it has no ${file}`);
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as T;
    } catch (cause) {
      throw new RoundsError('file_invalid', `${path} is not JSON.`, { cause });
    }
  }
}

function notGoldens(path: string, why: string): RoundsError {
  return new RoundsError(
    'file_invalid',
    `${path} is not a folder of reference cases: ${why}. See models/goldens/README.md for the format.`,
  );
}
