/** A vision tower whose width is not a multiple of 32, the block size of quantized weights. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../convert/config';
import {
  encodeFloats,
  randomTensors,
  writeSafetensors,
  type JsonObject,
  type Stored,
} from '../../convert/testing/testCheckpoint';
import { answersOf } from '../../runtime/knownAnswers';
import type { SelfTest, WeightsOption } from '../../shared/pack';
import { CHECKPOINTS } from '../testing/checkpoints';
import { packInMemory } from './packInMemory';

const SMALL_FILES = [
  'generation_config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
];
/** Two heads of 16, and the same with a third one that is zero. */
const [NARROW, WIDE, HEAD] = [32, 48, 16];

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rounds-width-'));
  const reference = join(CHECKPOINTS, 'qwen2_5_vl');
  const config = JSON.parse(await readFile(join(reference, 'config.json'), 'utf8')) as {
    vision_config: JsonObject;
  };
  const ofWidth = (width: number): JsonObject => ({
    ...config,
    vision_config: { ...config.vision_config, hidden_size: width, num_heads: width / HEAD },
  });
  const narrow = randomTensors(parseConfig(ofWidth(NARROW), null), 'F32');
  const shapes = randomTensors(parseConfig(ofWidth(WIDE), null), 'F32');
  const wide = new Map(
    [...narrow].map(([name, tensor]) => [name, widen(name, tensor, shapes.get(name)!.shape)]),
  );
  for (const [width, tensors] of [
    [NARROW, narrow],
    [WIDE, wide],
  ] as const) {
    const folder = join(dir, String(width));
    await mkdir(folder);
    for (const name of SMALL_FILES)
      await writeFile(join(folder, name), await readFile(join(reference, name)));
    await writeFile(join(folder, 'config.json'), JSON.stringify(ofWidth(width)));
    await writeFile(join(folder, 'model.safetensors'), writeSafetensors(tensors));
  }
});
afterAll(() => rm(dir, { recursive: true }));

/**
 * The tower of the wider width that computes the same: every vector of the residual stream ends in zeros. Their share
 * of an RMSNorm's mean is made up for by its weights.
 */
function widen(name: string, { bytes, shape: from }: Stored, to: number[]): Stored {
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const isNorm = /^visual\..*(?:norm\d|ln_q)\.weight$/.test(name);
  const factor = isNorm ? Math.sqrt(NARROW / WIDE) : 1;
  const rows = name.includes('attn.qkv') ? 3 : name.includes('merger.mlp.0') ? 4 : 1;
  const columns = name.includes('merger.mlp') ? 4 : 1;
  const [toRows, toColumns] = [to[0]!, size(to) / to[0]!];
  const [fromRows, fromColumns] = [from[0]!, size(from) / from[0]!];
  const result = new Float32Array(toRows * toColumns);
  for (let row = 0; row < fromRows; row++) {
    for (let column = 0; column < fromColumns; column++) {
      const target =
        moved(row, fromRows, toRows, rows) * toColumns + moved(column, fromColumns, toColumns, columns);
      result[target] = values[row * fromColumns + column]! * factor;
    }
  }
  return { dtype: 'F32', shape: to, bytes: encodeFloats(result, 'F32') };
}

/** Index after each of `parts` equal parts was padded at its end. */
function moved(index: number, from: number, to: number, parts: number): number {
  if (from === to) return index;
  const part = Math.floor(index / (from / parts));
  return part * (to / parts) + (index % (from / parts));
}

const size = (shape: number[]): number => shape.reduce((product, dim) => product * dim, 1);

const answers = async (width: number, weights: WeightsOption): Promise<SelfTest> =>
  answersOf(await packInMemory(join(dir, String(width)), weights, 'plain'));

function distance(a: SelfTest, b: SelfTest): number {
  const gaps = a.cases.flatMap(({ top }, i) =>
    top.map(({ id, logit }) =>
      Math.abs(logit - (b.cases[i]!.top.find((other) => other.id === id)?.logit ?? 1e9)),
    ),
  );
  return Math.max(...gaps);
}

describe('a vision tower of width 48', () => {
  it('gives the results of the same tower of width 32, as float32', async () => {
    const [narrow, wide] = [await answers(NARROW, 'f32'), await answers(WIDE, 'f32')];
    expect(narrow.cases.some(({ image }) => image !== null)).toBe(true);
    expect(wide.cases.map(({ ids }) => ids)).toEqual(narrow.cases.map(({ ids }) => ids));
    expect(distance(narrow, wide)).toBeLessThan(1e-3 * Math.max(...narrow.cases.map(({ std }) => std)));
  });

  it('converts and runs as float16, and with 4 and 8 bits where its rows are of whole blocks', async () => {
    const exact = await answers(WIDE, 'f32');
    const std = Math.max(...exact.cases.map((known) => known.std));
    expect(distance(exact, await answers(WIDE, 'f16'))).toBeLessThan(0.05 * std);
    const { manifest } = await packInMemory(join(dir, String(WIDE)), 'q4', 'best');
    const dtype = (name: string): string | undefined =>
      manifest.tensors.find((tensor) => tensor.name === name)?.dtype;
    expect(dtype('visual.blocks.0.attn.qkv.weight')).toBe('f16');
    expect(dtype('visual.merger.mlp.0.weight')).toBe('q4');
    expect(manifest.recipe.detail).toMatch(/not a multiple of 32 long float16\.$/);
    for (const weights of ['q4', 'q8'] as const) {
      expect((await answers(WIDE, weights)).cases.every(({ std: spread }) => spread > 0)).toBe(true);
    }
  });
});
