/** A loaded model: graphs on a backend, tokenizer, and one timeline, which holds all mutable state. */
import type { ModelConfig } from '../shared/modelConfig';
import { decoderTable, makeDecoderGraph } from './graphs/decoder';
import type { GraphTarget } from './graphs/layers';
import { makeVisionGraph, queryParts } from './graphs/vision';
import { planWeightForms } from './graphs/weightForms';
import { KnownImages } from './knownImages';
import { typeBytes } from './elementBytes';
import type { Backend, EmbeddingTable, GraphSession, PackReader, TableSource, Tokenizer } from './ports';
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
  /** Where token embeddings are looked up if not in the decoder's graph, as on WebGPU. */
  readonly table: EmbeddingTable | null;
  /** Bytes of the weights of all graphs on the device. */
  readonly weightBytes: number;
  dispose(): Promise<void>;
}

/** Positions in one prefill run. Limits how long one submission occupies the GPU, and the size of activations. */
export const PREFILL_CHUNK = 512;

/**
 * Weights of a model whose runs are short on any GPU. Systems reset a GPU that is busy for about two seconds with one
 * submission, so those of larger models stay small.
 */
const LIGHT_BYTES = 64e6;

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
  const built = [makeVisionGraph(pack.manifest, target), makeDecoderGraph(pack.manifest, target)] as const;
  const table = decoderTable(pack.manifest, target);
  const sizes = built.map((graph) => graph.externalFiles.reduce((sum, file) => sum + file.size, 0));
  const [visionBytes = 0, decoderBytes = 0] = sizes;
  const total = visionBytes + decoderBytes + tableBytes(table);
  const isLight = total <= LIGHT_BYTES;
  const graphs = [
    { ...built[0], isLight },
    { ...built[1], isLight },
  ] as const;
  onProgress?.(0, total);
  const from = (start: number) => (done: number) => onProgress?.(start + done, total);
  const sessions: VisionSessions = {
    parts: (patches) => queryParts(config.vision, patches, backend.name),
    open: (parts) => backend.createSession(makeVisionGraph(pack.manifest, target, parts), pack),
  };
  const made = new Made();
  try {
    const vision = await backend.createSession(graphs[0], pack, from(0));
    const encoder = made.keep(new VisionEncoder(vision, sessions, backend, config.vision));
    const decoder = made.keep(await backend.createSession(graphs[1], pack, from(visionBytes)));
    const embedding = await loadTable(backend, table, pack, from(visionBytes + decoderBytes));
    if (embedding) made.keep(embedding);
    const timeline = made.keep(new Timeline(decoder, backend, config.text, PREFILL_CHUNK, embedding));
    return {
      pack,
      config,
      backend,
      tokenizer,
      vision: encoder,
      knownImages: new KnownImages(),
      timeline,
      decoder,
      table: embedding,
      weightBytes: total,
      async dispose() {
        await made.dispose();
        await backend.dispose();
      },
    };
  } catch (thrown) {
    // The next mode needs the memory, and on wasm nothing else frees it.
    await made.dispose();
    throw thrown;
  }
}

/** What has been made so far, to be disposed in the opposite order. */
class Made {
  readonly #parts: { dispose(): void | Promise<void> }[] = [];

  keep<T extends { dispose(): void | Promise<void> }>(part: T): T {
    this.#parts.unshift(part);
    return part;
  }

  async dispose(): Promise<void> {
    for (const part of this.#parts.splice(0)) await part.dispose();
  }
}

async function loadTable(
  backend: Backend,
  source: TableSource | null,
  pack: PackReader,
  onProgress: (doneBytes: number) => void,
): Promise<EmbeddingTable | null> {
  return (source && (await backend.loadTable?.(source, pack, onProgress))) ?? null;
}

function tableBytes(source: TableSource | null): number {
  const parts = source ? [source.data, ...(source.scales ? [source.scales] : [])] : [];
  return parts.reduce((sum, { dims, type }) => sum + dims.reduce((a, b) => a * b, typeBytes(type)), 0);
}

/** Columns of a patch row in the pack's patch embedding (1176, padded to a multiple of 32). */
export function patchColumns(pack: PackReader): number | undefined {
  const patchEmbed = pack.manifest.tensors.find(({ name }) => name === 'visual.patch_embed.proj.weight');
  return patchEmbed?.shape[1];
}
