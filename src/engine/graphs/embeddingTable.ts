/** The token embedding where it is not part of the decoder graph: on WebGPU. */
import { BLOCK_SIZE } from '../../shared/pack';
import type { TableSource } from '../ports';
import { bitsOf, matrixShape, type LayerContext } from './layers';

export const EMBEDDING = 'model.embed_tokens.weight';

/**
 * The embedding as a table on the device: as MatMulNBits expects its weights, or as plain rows. A quantized one that is
 * also the head (tied) is multiplied where it is, which avoids a second copy of up to 330 MB.
 * @throws RoundsError pack_invalid if there is none, or it is not a matrix
 */
export function embeddingTable(ctx: Pick<LayerContext, 'tensor' | 'target'>, isTied: boolean): TableSource {
  const { type } = ctx.target;
  const tensor = ctx.tensor(EMBEDDING);
  const [rows, columns] = matrixShape(tensor);
  const bits = bitsOf(tensor);
  const common = { tensor: tensor.name, transpose: false } as const;
  const blocks = columns / BLOCK_SIZE;
  return {
    rows,
    columns,
    bits,
    type,
    data: {
      ...common,
      name: `${tensor.name}.data`,
      part: 'data',
      type: bits === null ? type : 'uint8',
      dims: bits === null ? [rows, columns] : [rows, blocks, (BLOCK_SIZE * bits) / 8],
    },
    scales:
      bits === null
        ? null
        : { ...common, name: `${tensor.name}.scales`, part: 'scales', type, dims: [rows, blocks] },
    isHead: isTied && bits !== null,
  };
}
