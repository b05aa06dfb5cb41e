/** What transformers makes of a tied head that is stored, and of one that is stored alone. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from './config';
import { runConversion } from './convert';
import { planConversion, type ConversionPlan } from './plan';
import {
  encodeFloats,
  inNewNaming,
  memorySource,
  MemorySink,
  randomTensors,
  tinyConfig,
  tinyFiles,
  writeSafetensors,
  type Files,
  type Stored,
} from './testing/testCheckpoint';

const EMBEDDING = 'model.embed_tokens.weight';
const HEAD = 'lm_head.weight';
const STATED = parseConfig(tinyConfig('qwen2_5_vl'), null);

function stored(change: (tensors: Map<string, Stored>, embedding: Stored) => void): Files {
  const tensors = randomTensors(STATED, 'BF16');
  const embedding = tensors.get(EMBEDDING);
  if (!embedding) throw new Error('The checkpoint has no embedding.');
  change(tensors, embedding);
  return tinyFiles().set('model.safetensors', writeSafetensors(tensors));
}

const planOf = (files: Files): Promise<ConversionPlan> =>
  planConversion(memorySource(files), { weights: 'f32', recipe: 'plain' });
const namesOf = ({ tensors }: ConversionPlan): string[] => tensors.map(({ tensor }) => tensor.name);

async function bytesOf(plan: ConversionPlan, name: string): Promise<string> {
  const sink = new MemorySink();
  await runConversion(plan, sink);
  const { data } = plan.tensors.find(({ tensor }) => tensor.name === name)?.tensor ?? { data: null };
  if (!data) throw new Error(`The pack has no ${name}.`);
  return Buffer.from(sink.stream().subarray(data.offset, data.offset + data.length)).toString('base64');
}

/** The embedding with one bit of one value changed. */
function almost({ dtype, shape, bytes }: Stored, at: number): Stored {
  const changed = bytes.slice();
  changed[at] = (changed[at] ?? 0) ^ 1;
  return { dtype, shape, bytes: changed };
}

describe('a stored head of a model whose config.json ties it', () => {
  it('is ignored where it equals the embedding', async () => {
    const files = stored((tensors, embedding) => tensors.set(HEAD, embedding));
    const plan = await planOf(files);
    expect(plan.model.text.tieWordEmbeddings).toBe(true);
    expect(namesOf(plan)).toEqual(namesOf(await planOf(tinyFiles())));
  });

  it.each(['first', 'last'])('is used where it differs, in the %s value', async (which) => {
    const files = stored((tensors, embedding) =>
      tensors.set(HEAD, almost(embedding, which === 'first' ? 0 : embedding.bytes.length - 1)),
    );
    const plan = await planOf(files);
    expect(plan.model.text.tieWordEmbeddings).toBe(false);
    expect(namesOf(plan)).toContain(HEAD);
    expect(await bytesOf(plan, HEAD)).not.toBe(await bytesOf(plan, EMBEDDING));
  });

  it('is used where the embedding has one of the newer names', async () => {
    const tensors = [...randomTensors(STATED, 'BF16')].map(
      ([name, tensor]) => [inNewNaming(name), tensor] as const,
    );
    const embedding = new Map(tensors).get(inNewNaming(EMBEDDING));
    if (!embedding) throw new Error('The checkpoint has no embedding.');
    const files = tinyFiles().set(
      'model.safetensors',
      writeSafetensors(new Map([...tensors, [HEAD, almost(embedding, 10)]])),
    );
    expect((await planOf(files)).model.text.tieWordEmbeddings).toBe(false);
  });

  it('is used where it has another type: its values count', async () => {
    const files = stored((tensors, { shape }) => {
      const count = shape.reduce((product, dim) => product * dim, 1);
      tensors.set(HEAD, {
        dtype: 'F16',
        shape,
        bytes: encodeFloats(new Float32Array(count).fill(0.5), 'F16'),
      });
    });
    expect(namesOf(await planOf(files))).toContain(HEAD);
  });

  it('is the embedding as well where it is stored alone', async () => {
    const alone = stored((tensors, embedding) => {
      tensors.delete(EMBEDDING);
      tensors.set(HEAD, embedding);
    });
    const plan = await planOf(alone);
    expect(plan.model.text.tieWordEmbeddings).toBe(true);
    expect(await bytesOf(plan, EMBEDDING)).toBe(await bytesOf(await planOf(tinyFiles()), EMBEDDING));
  });
});
