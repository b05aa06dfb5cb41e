/**
 * Gives a new pack its self-test: runs the finished weights once on onnxruntime's CPU build in float32 and notes
 * the answers (src/engine/selfTest.ts). Larger models don't fit into that build's memory; their packs go without.
 */
import type { PackSink } from '../../models/convert/shards';
import { loadModel } from '../engine/model';
import type { PackReader } from '../engine/ports';
import { recordSelfTest } from '../engine/selfTest';
import { loadOrt } from '../runtime/ort/loadOrt';
import { OrtBackend } from '../runtime/ort/ortBackend';
import { loadTokenizer } from '../runtime/tokenizer';
import type { PackManifest } from '../shared/pack';

/** 240 MB of float32 weights; conversion then takes some seconds more. */
const MAX_PARAMETERS = 60e6;

export interface CompletedSink {
  sink: PackSink;
  complete: (manifest: PackManifest) => Promise<PackManifest>;
}

/** Wraps `sink` so that the shards are at hand when the manifest is made. */
export function withKnownAnswers(sink: PackSink, parameters: number): CompletedSink {
  if (parameters > MAX_PARAMETERS) return { sink, complete: (manifest) => Promise.resolve(manifest) };
  const shards: Uint8Array[] = [];
  return {
    sink: {
      ...sink,
      writeShard: (file, bytes) => {
        shards.push(bytes.slice());
        return sink.writeShard(file, bytes);
      },
    },
    complete: async (manifest) => ({
      ...manifest,
      selfTest: await answersOf(manifest, Buffer.concat(shards)),
    }),
  };
}

async function answersOf(manifest: PackManifest, stream: Buffer): Promise<PackManifest['selfTest']> {
  const pack: PackReader = {
    manifest,
    read: ({ offset, length }) => Promise.resolve(new Uint8Array(stream.subarray(offset, offset + length))),
  };
  const backend = new OrtBackend(await loadOrt('wasm'), null, 'f32');
  const model = await loadModel(pack, backend, await loadTokenizer(pack));
  try {
    return await recordSelfTest(model, () => performance.now());
  } finally {
    await model.dispose();
  }
}
