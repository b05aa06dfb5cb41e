/**
 * Adds the self-test to a new pack: runs the finished weights once on onnxruntime's CPU build in float32 and records
 * the answers (src/engine/selfTest.ts). If the model is too large for that build, only its first layers are run.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackReader } from '../../engine/ports';
import { TEST_LAYERS, truncatedBytes, truncatedPack } from '../../engine/truncatedModel';
import { answersOf } from '../../runtime/knownAnswers';
import { RoundsError } from '../../shared/errors';
import { MAX_WHOLE_PARAMETERS, SHARD_BYTES, type PackManifest, type Span } from '../../shared/pack';

/** onnxruntime holds weights twice while it builds a graph, and it can address 4 GiB. */
const MAX_TRUNCATED_BYTES = 1.5e9;

/**
 * @param folder contains the shards of `manifest`
 * @param maxWholeParameters larger models run their first layers only; tests set it
 * @returns the manifest with its known answers; unchanged if even the first layers are too large
 */
export async function addKnownAnswers(
  manifest: PackManifest,
  folder: string,
  maxWholeParameters = MAX_WHOLE_PARAMETERS,
): Promise<PackManifest> {
  const isWhole = manifest.parameters <= maxWholeParameters;
  if (!isWhole && truncatedBytes(manifest, TEST_LAYERS) > MAX_TRUNCATED_BYTES) return manifest;
  const paths = manifest.shards.map(({ file }) => join(folder, file));
  const pack: PackReader = { manifest, read: (span) => readSpan(paths, span) };
  const answers = await answersOf(isWhole ? pack : truncatedPack(pack, TEST_LAYERS));
  return { ...manifest, selfTest: isWhole ? answers : { ...answers, layers: TEST_LAYERS } };
}

async function readSpan(paths: readonly string[], span: Span): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(span.length);
  let done = 0;
  while (done < span.length) {
    const position = span.offset + done;
    const within = position % SHARD_BYTES;
    const part = bytes.subarray(done, done + SHARD_BYTES - within);
    await readExactly(paths[Math.floor(position / SHARD_BYTES)] ?? '', part, within);
    done += part.length;
  }
  return bytes;
}

async function readExactly(path: string, into: Uint8Array, position: number): Promise<void> {
  const file = await open(path);
  try {
    const { bytesRead } = await file.read(into, 0, into.length, position);
    if (bytesRead === into.length) return;
  } finally {
    await file.close();
  }
  throw new RoundsError(
    'storage_failed',
    `${path} is shorter than what was written to it. Check the disk and convert again.`,
  );
}
