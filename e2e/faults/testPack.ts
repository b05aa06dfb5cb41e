/** Packs of random bytes: right in form, so that every part of the library takes them, but no model. */
import { createHash } from 'node:crypto';
import type { PackManifest } from '../../src/shared/pack';

export interface TestPack {
  manifest: PackManifest;
  /** pack.json. */
  text: string;
  /** SHA-256 of pack.json: the id in the library. */
  hash: string;
  shards: Uint8Array<ArrayBuffer>[];
  /** Files of the pack's folder by name. */
  files: Map<string, Uint8Array<ArrayBuffer>>;
}

/** @param shardBytes at most 16 MiB; the last shard has half of it */
export function makeTestPack({ shards: count = 3, shardBytes = 64 * 1024, seed = 1 } = {}): TestPack {
  const shards = Array.from({ length: count }, (_, i) =>
    randomBytes(i === count - 1 ? Math.ceil(shardBytes / 8) * 4 : shardBytes, seed * 1000 + i),
  );
  const totalBytes = shards.reduce((sum, { length }) => sum + length, 0);
  const manifest: PackManifest = {
    ...HEAD,
    name: `test-${seed}`,
    totalBytes,
    tensors: [
      { name: 'all', dtype: 'f32', shape: [totalBytes / 4], data: { offset: 0, length: totalBytes } },
    ],
    shards: shards.map((bytes, i) => ({
      file: `shard-${String(i).padStart(5, '0')}.bin`,
      size: bytes.length,
      sha256: sha256(bytes),
    })),
  };
  const text = `${JSON.stringify(manifest)}\n`;
  const files = new Map(manifest.shards.map(({ file }, i) => [file, shards[i]!]));
  files.set('pack.json', new TextEncoder().encode(text));
  return { manifest, text, hash: sha256(text), shards, files };
}

export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Incompressible, and the same for the same seed. */
function randomBytes(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state >>>= 0;
  }
  return new Uint8Array(words.buffer, 0, length);
}

const HEAD: Omit<PackManifest, 'name' | 'totalBytes' | 'tensors' | 'shards'> = {
  format: 'rounds-pack',
  version: 1,
  model: {
    family: 'qwen2_5_vl',
    text: {
      hiddenSize: 32,
      numHiddenLayers: 1,
      numAttentionHeads: 1,
      numKeyValueHeads: 1,
      headDim: 32,
      intermediateSize: 32,
      vocabSize: 8,
      rmsNormEps: 1e-6,
      ropeTheta: 10000,
      mropeSection: [4, 6, 6],
      tieWordEmbeddings: true,
      maxPositionEmbeddings: 128,
    },
    vision: {
      depth: 1,
      hiddenSize: 32,
      numHeads: 1,
      intermediateSize: 32,
      outHiddenSize: 32,
      patchSize: 14,
      temporalPatchSize: 2,
      spatialMergeSize: 2,
      inChannels: 3,
      windowSize: 112,
      fullAttentionBlockIndexes: [0],
      mlp: 'swiglu',
      norm: 'rms',
      normEps: 1e-6,
    },
    tokenIds: { imagePad: 1, videoPad: 2, visionStart: 3, visionEnd: 4, eos: [5] },
  },
  imageProcessor: { minPixels: 3136, maxPixels: 100352, imageMean: [0, 0, 0], imageStd: [1, 1, 1] },
  source: { repo: 'tests/random', revision: null, license: null, files: [] },
  recipe: { weights: 'f32', recipe: 'plain', blockSize: 32, detail: 'random bytes' },
  parameters: 1,
  files: {},
};
