/** A loaded model: graphs on a backend, tokenizer, and one timeline, which holds all mutable state. */
import type { ModelConfig } from '../shared/modelConfig';
import { makeDecoderGraph } from './graphs/decoder';
import type { GraphTarget } from './graphs/layers';
import { makeVisionGraph, queryParts } from './graphs/vision';
import { planWeightForms } from './graphs/weightForms';
import { KnownImages } from './knownImages';
import type { Backend, GraphSession, PackReader, Tokenizer } from './ports';
import { Timeline } from './timeline';
import { VisionEncoder, type VisionSessions } from './visionEncoder';

export interface EngineModel {
  readonly pack: PackReader;
  readonly config: ModelConfig;
  readonly backend: Backend;
  readonly tokenizer: Tokenizer;
  readonly vision: VisionEncoder;
  readonly knownImages: KnownImages;
  readonly timeline: Timeline;
  /** The session that timelines run on. A second conversation would need its own timeline. */
  readonly decoder: GraphSession;
  /** Bytes of the weights of all graphs on the device. */
  readonly weightBytes: number;
  dispose(): Promise<void>;
}

/** Positions in one prefill run. Limits how long one submission occupies the GPU, and the size of activations. */
export const PREFILL_CHUNK = 512;

/**
 * Builds the graphs for this backend and loads the weights onto it.
 * @param onProgress bytes of weights loaded, and their total
 * @throws RoundsError pack_invalid, out_of_memory, device_lost, internal
 */
export async function loadModel(
  pack: PackReader,
  backend: Backend,
  tokenizer: Tokenizer,
  onProgress?: (done: number, total: number) => void,
): Promise<EngineModel> {
  const config = pack.manifest.model;
  const target: GraphTarget = {
    backend: backend.name,
    type: backend.activations === 'f16' ? 'float16' : 'float32',
    ...(backend.name === 'wasm' ? { forms: planWeightForms(pack.manifest) } : {}),
  };
  const graphs = [makeVisionGraph(pack.manifest, target), makeDecoderGraph(pack.manifest, target)] as const;
  const sizes = graphs.map((graph) => graph.externalFiles.reduce((sum, file) => sum + file.size, 0));
  const [visionBytes = 0, decoderBytes = 0] = sizes;
  const total = visionBytes + decoderBytes;
  onProgress?.(0, total);
  const vision = await backend.createSession(graphs[0], pack, (done) => onProgress?.(done, total));
  const decoder = await backend
    .createSession(graphs[1], pack, (done) => onProgress?.(visionBytes + done, total))
    .catch(async (thrown: unknown) => {
      // The next mode needs the memory, and on wasm nothing else frees it.
      await vision.dispose();
      throw thrown;
    });
  const sessions: VisionSessions = {
    parts: (patches) => queryParts(config.vision, patches, backend.name),
    open: (parts) => backend.createSession(makeVisionGraph(pack.manifest, target, parts), pack),
  };
  const encoder = new VisionEncoder(vision, sessions, backend, config.vision);
  const timeline = new Timeline(decoder, backend, config.text, PREFILL_CHUNK);
  return {
    pack,
    config,
    backend,
    tokenizer,
    vision: encoder,
    knownImages: new KnownImages(),
    timeline,
    decoder,
    weightBytes: total,
    async dispose() {
      timeline.dispose();
      await encoder.dispose();
      await decoder.dispose();
      await backend.dispose();
    },
  };
}

/** Columns of a patch row in the pack's patch embedding (1176, padded to a multiple of 32). */
export function patchColumns(pack: PackReader): number | undefined {
  const patchEmbed = pack.manifest.tensors.find(({ name }) => name === 'visual.patch_embed.proj.weight');
  return patchEmbed?.shape[1];
}
