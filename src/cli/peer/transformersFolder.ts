/** A pack as a model folder of transformers.js: config, tokenizer, and graphs with their weights below `onnx`. */
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExternalFile, GraphModel, PackReader } from '../../engine/ports';
import type { RgbImage } from '../../engine/preprocess/resample';
import { piecesOf } from '../../runtime/ort/initializerPieces';
import type { BackendName } from '../../shared/protocol';
import { embedTokens, mergedDecoder, textModel, type PeerDtype } from './graphs';
import { visionEncoder } from './visionGraph';

/** What the page needs to load a folder. */
export interface TransformersModel {
  kind: 'text' | 'image';
  dtype: PeerDtype;
  /** External files of all graphs: the paths that the graphs name, which are files below `onnx`. */
  weights: string[];
  /** Of an image model: shape of pixel_values.bin. */
  pixels?: { dims: readonly number[]; grid: readonly number[] };
}

const SUFFIX: Record<PeerDtype, string> = { q4: '_q4', fp32: '' };

/** Writes a text model. */
export async function writeTextModel(
  pack: PackReader,
  dtype: PeerDtype,
  folder: string,
  backend: BackendName,
): Promise<TransformersModel> {
  await writeSettings(pack, folder, {
    ...textConfig(pack),
    model_type: 'qwen2',
    architectures: ['Qwen2ForCausalLM'],
  });
  const { graph, pack: source } = await textModel(pack, dtype, backend);
  const weights = await writeGraph(source, graph, `model${SUFFIX[dtype]}`, folder);
  return { kind: 'text', dtype, weights };
}

/** Writes a model for questions about one image. */
export async function writeImageModel(
  pack: PackReader,
  dtype: PeerDtype,
  folder: string,
  image: RgbImage,
  backend: BackendName,
): Promise<TransformersModel> {
  await writeSettings(pack, folder, imageConfig(pack));
  const weights: string[] = [];
  for (const [name, { graph, pack: source }] of [
    ['embed_tokens', await embedTokens(pack, dtype, backend)],
    ['decoder_model_merged', mergedDecoder(pack, dtype)],
  ] as const) {
    weights.push(...(await writeGraph(source, graph, `${name}${SUFFIX[dtype]}`, folder)));
  }
  const { graph, pixelValues, gridThw } = await visionEncoder(pack, image, backend);
  weights.push(...(await writeGraph(pack, graph, `vision_encoder${SUFFIX[dtype]}`, folder)));
  const { data, dims } = pixelValues;
  await writeFile(
    join(folder, 'pixel_values.bin'),
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  return { kind: 'image', dtype, weights, pixels: { dims, grid: gridThw } };
}

function textConfig({ manifest }: PackReader): Record<string, unknown> {
  const { text } = manifest.model;
  return {
    hidden_size: text.hiddenSize,
    intermediate_size: text.intermediateSize,
    num_hidden_layers: text.numHiddenLayers,
    num_attention_heads: text.numAttentionHeads,
    num_key_value_heads: text.numKeyValueHeads,
    head_dim: text.headDim,
    vocab_size: text.vocabSize,
    rope_theta: text.ropeTheta,
    rms_norm_eps: text.rmsNormEps,
    max_position_embeddings: text.maxPositionEmbeddings,
    tie_word_embeddings: text.tieWordEmbeddings,
  };
}

function imageConfig(pack: PackReader): Record<string, unknown> {
  const { tokenIds, vision } = pack.manifest.model;
  return {
    model_type: 'qwen2_5_vl',
    architectures: ['Qwen2_5_VLForConditionalGeneration'],
    image_token_id: tokenIds.imagePad,
    video_token_id: tokenIds.videoPad,
    vision_start_token_id: tokenIds.visionStart,
    text_config: { ...textConfig(pack), model_type: 'qwen2_5_vl_text' },
    vision_config: { spatial_merge_size: vision.spatialMergeSize },
  };
}

/** No end-of-sequence id: every run has the same length. */
async function writeSettings(
  pack: PackReader,
  folder: string,
  config: Record<string, unknown>,
): Promise<void> {
  await mkdir(join(folder, 'onnx'), { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeFile(join(folder, 'generation_config.json'), JSON.stringify({ do_sample: false }));
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    const span = pack.manifest.files[name];
    if (span) await writeFile(join(folder, name), await pack.read(span));
  }
}

/** @returns paths of the graph's external files */
async function writeGraph(
  pack: PackReader,
  graph: GraphModel,
  name: string,
  folder: string,
): Promise<string[]> {
  await writeFile(join(folder, 'onnx', `${name}.onnx`), graph.bytes);
  for (const file of graph.externalFiles) await writeWeights(pack, file, join(folder, 'onnx', file.path));
  return graph.externalFiles.map(({ path }) => path);
}

async function writeWeights(pack: PackReader, { entries }: ExternalFile, path: string): Promise<void> {
  const tensors = new Map(pack.manifest.tensors.map((tensor) => [tensor.name, tensor]));
  const file = await open(path, 'w');
  try {
    for (const entry of entries) {
      let at = entry.offset;
      for (const piece of piecesOf(entry, tensors.get(entry.tensor))) {
        const bytes = piece.make(await Promise.all(piece.spans.map((span) => pack.read(span))));
        await file.write(bytes, 0, bytes.length, at);
        at += bytes.length;
      }
    }
  } finally {
    await file.close();
  }
}
