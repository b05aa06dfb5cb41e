/** Verifies the shards of a pack against its manifest. */
import type { PackManifest, PackShard } from '../shared/pack';
import { sha256Hex } from '../shared/sha256';
import type { BlobLike } from './source';

export interface ShardVerdict {
  file: string;
  /** A sentence that says what is wrong; null if the shard is intact. */
  problem: string | null;
}

/**
 * Reads every shard once and compares size and SHA-256 with the manifest.
 * @param open opens a shard's file; null if it is missing
 */
export async function verifyShards(
  manifest: PackManifest,
  open: (file: string) => Promise<BlobLike | null>,
  onShard?: (done: number, total: number) => void,
): Promise<ShardVerdict[]> {
  const verdicts: ShardVerdict[] = [];
  for (const shard of manifest.shards) {
    verdicts.push({ file: shard.file, problem: await checkShard(shard, await open(shard.file)) });
    onShard?.(verdicts.length, manifest.shards.length);
  }
  return verdicts;
}

async function checkShard(shard: PackShard, blob: BlobLike | null): Promise<string | null> {
  if (blob === null) return `${shard.file} is missing.`;
  if (blob.size !== shard.size) return `${shard.file} has ${blob.size} bytes instead of ${shard.size}.`;
  const sha256 = await sha256Hex(new Uint8Array(await blob.slice(0, blob.size).arrayBuffer()));
  return sha256 === shard.sha256
    ? null
    : `${shard.file} has the SHA-256 ${sha256} instead of ${shard.sha256}.`;
}
