/**
 * vision_encoder.onnx for one size of image. The rows' order, windows and rotary tables are initializers, as in an export that
 * was traced at one size; pixel values are in window order. transformers.js therefore spends no time on them, nor on resizing.
 */
import { makeVisionGraph, queryParts, VISION_IO } from '../../engine/graphs/vision';
import { ProtoWriter } from '../../engine/onnx/protoWriter';
import type { Backend, DeviceTensor, GraphModel, PackReader, TensorData } from '../../engine/ports';
import { preprocessImage } from '../../engine/preprocess/preprocessImage';
import type { GridThw, Patches } from '../../engine/preprocess/patchify';
import type { RgbImage } from '../../engine/preprocess/resample';
import { VisionEncoder } from '../../engine/visionEncoder';
import { patchColumns } from '../../engine/model';
import type { BackendName } from '../../shared/protocol';

interface Fed extends DeviceTensor {
  data: TensorData;
}

export interface VisionExport {
  graph: GraphModel;
  /** float32 [rows, columns], in window order. */
  pixelValues: Fed;
  gridThw: GridThw;
}

const [FLOAT, INT64] = [1, 7];
/** Fields of ModelProto, GraphProto and TensorProto. */
const [MODEL_GRAPH, GRAPH_INITIALIZER] = [7, 5];

/** @param backend for which the graph is written @throws RoundsError image_invalid, pack_invalid */
export async function visionEncoder(
  pack: PackReader,
  image: RgbImage,
  backend: BackendName,
): Promise<VisionExport> {
  const { imageProcessor, model } = pack.manifest;
  const paddedColumns = patchColumns(pack);
  const options = paddedColumns === undefined ? {} : { paddedColumns };
  const { patches } = preprocessImage(image, imageProcessor, model.vision, options);
  const { [VISION_IO.pixelValues]: pixelValues, ...constants } = await feedsOf(pack, patches, backend);
  if (!pixelValues) throw new Error('The vision encoder feeds no pixel values.');
  const graph = makeVisionGraph(pack.manifest, { backend, type: 'float32' });
  // In protobuf a message that is written twice is merged, so that these initializers become defaults of the graph's inputs.
  const defaults = new ProtoWriter().message(MODEL_GRAPH, (writer) => {
    for (const [name, tensor] of Object.entries(constants)) writeInitializer(writer, name, tensor);
  });
  const bytes = new Uint8Array(Buffer.concat([graph.bytes, defaults.finish()]));
  return { graph: { ...graph, bytes }, pixelValues, gridThw: patches.gridThw };
}

function writeInitializer(graph: ProtoWriter, name: string, { type, dims, data }: Fed): void {
  graph.message(GRAPH_INITIALIZER, (tensor) => {
    dims.forEach((dim) => tensor.int(1, dim));
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    tensor
      .int(2, type === 'int64' ? INT64 : FLOAT)
      .string(8, name)
      .bytes(9, bytes);
  });
}

/** What the engine gives its vision graph. */
async function feedsOf(pack: PackReader, patches: Patches, name: BackendName): Promise<Record<string, Fed>> {
  let feeds: Record<string, Fed> = {};
  const upload = (type: Fed['type'], data: TensorData, dims: readonly number[]): Fed => {
    return { type, data, dims, dispose: () => undefined };
  };
  const output = upload('float32', new Float32Array(), [1, 0, 0]);
  const session = {
    run: async (given: Record<string, DeviceTensor>) => {
      feeds = given as Record<string, Fed>;
      return { [VISION_IO.features]: output };
    },
    dispose: async () => undefined,
  };
  const backend = { name, upload, read: async () => output.data } as unknown as Backend;
  const sessions = {
    parts: () => queryParts(pack.manifest.model.vision, 0, name),
    open: async () => session,
  };
  await new VisionEncoder(session, sessions, backend, pack.manifest.model.vision).encode('', patches);
  return feeds;
}
