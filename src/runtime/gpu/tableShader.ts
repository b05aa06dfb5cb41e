/** WGSL that reads rows of an embedding, as the pack stores them. */
import { BLOCK_SIZE } from '../../shared/pack';
import type { TableSource } from '../../engine/ports';

/** 32-bit words of a row of the table. */
export function rowWords({ columns, bits, type }: TableSource): number {
  return (columns * (bits ?? (type === 'float16' ? 16 : 32))) / 32;
}

/** Bindings from number `first` on: the data, the rows that are written, and the scales of quantized data. */
export function tableBindings({ bits, type }: TableSource, first: number): string {
  const isHalf = type === 'float16';
  const scales = `@group(0) @binding(${first + 2}) var<storage, read> scales: array<${isHalf ? 'u32' : 'f32'}>;`;
  return `@group(0) @binding(${first}) var<storage, read> data: array<u32>;
@group(0) @binding(${first + 1}) var<storage, read_write> rows: array<${isHalf || bits === null ? 'u32' : 'f32'}>;
${bits === null ? '' : scales}`;
}

/**
 * Statements that write the values of one word of the table. float16 is computed in float32 and rounded once, which gives
 * the same bits, because the product of a weight and a float16 has at most 19 bits. It therefore needs no shader-f16.
 * @param row row of the table
 * @param word which word of that row
 * @param to row that is written
 */
export function rowStores(source: TableSource, row: string, word: string, to: string): string {
  const { columns, bits, type } = source;
  const words = rowWords(source);
  const read = `let word = data[${row} * ${words}u + ${word}];`;
  if (bits === null) return `${read}\n  rows[${to} * ${words}u + ${word}] = word;`;
  const isHalf = type === 'float16';
  const perWord = 32 / bits;
  const value = (i: number): string =>
    `(f32((word >> ${i * bits}u) & ${2 ** bits - 1}u) - ${2 ** (bits - 1)}.0) * scale`;
  const start = `${to} * ${columns}u + ${word} * ${perWord}u`;
  const stores = isHalf
    ? Array.from(
        { length: perWord / 2 },
        (_, i) =>
          `rows[(${start}) / 2u + ${i}u] = pack2x16float(vec2f(${value(2 * i)}, ${value(2 * i + 1)}));`,
      )
    : Array.from({ length: perWord }, (_, i) => `rows[${start} + ${i}u] = ${value(i)};`);
  const scale = isHalf ? 'unpack2x16float(scales[block / 2u])[block % 2u]' : 'scales[block]';
  return `${read}
  let block = ${row} * ${columns / BLOCK_SIZE}u + ${word} / ${BLOCK_SIZE / perWord}u;
  let scale = ${scale};
  ${stores.join('\n  ')}`;
}
