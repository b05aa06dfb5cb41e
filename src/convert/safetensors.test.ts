import { describe, expect, it } from 'vitest';
import type { RoundsError } from '../shared/errors';
import { readable, readHeader, readWeights } from './safetensors';
import {
  memorySource,
  textFile,
  tinyFiles,
  writeSafetensors,
  type JsonObject,
  type Stored,
} from './testing/testCheckpoint';

const two: ReadonlyMap<string, Stored> = new Map([
  ['a', { dtype: 'F32', shape: [2, 3], bytes: new Uint8Array(24).fill(1) }],
  ['b', { dtype: 'BF16', shape: [4], bytes: new Uint8Array(8).fill(2) }],
]);

/** The error of reading a file, as `code: message`. */
async function refusal(file: Uint8Array<ArrayBuffer>): Promise<string> {
  try {
    await readHeader('x.safetensors', new Blob([file]));
  } catch (thrown) {
    return `${(thrown as RoundsError).code}: ${(thrown as RoundsError).message}`;
  }
  return 'no error';
}

function withHeader(header: string): Uint8Array<ArrayBuffer> {
  const json = textFile(header);
  const file = new Uint8Array(8 + json.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

const edited = (name: string, change: JsonObject): Promise<string> =>
  refusal(writeSafetensors(two, (header) => Object.assign(header[name] ?? {}, change)));

describe('readHeader', () => {
  it('gives name, type, shape and byte range within the file', async () => {
    const file = writeSafetensors(two);
    const [a, b] = await readHeader('x.safetensors', new Blob([file]));
    expect(a).toMatchObject({ name: 'a', dtype: 'F32', shape: [2, 3], file: 'x.safetensors' });
    expect([...file.subarray(a?.start, a?.end)]).toEqual(Array(24).fill(1));
    expect([...file.subarray(b?.start, b?.end)]).toEqual(Array(8).fill(2));
  });

  it('refuses a truncated file of any length', async () => {
    const file = writeSafetensors(two);
    for (const length of [0, 7, 8, 40, file.length - 1]) {
      expect(await refusal(file.slice(0, length))).toMatch(/^checkpoint_invalid: .*truncated/);
    }
  });

  it('refuses bytes after the last tensor', async () => {
    const file = new Uint8Array([...writeSafetensors(two), 0, 0]);
    expect(await refusal(file)).toMatch(/2 bytes after its last tensor/);
  });

  it('refuses an absurd header length before reading it', async () => {
    const file = writeSafetensors(two);
    new DataView(file.buffer).setBigUint64(0, 2n ** 63n, true);
    expect(await refusal(file)).toMatch(/^checkpoint_invalid: .*header of 9223372036854775808 bytes/);
  });

  it('refuses a header that is not a JSON object', async () => {
    for (const header of ['[1]', '"x"', '{"a"']) {
      expect(await refusal(withHeader(header))).toMatch(
        /^checkpoint_invalid: .*the header of x\.safetensors|not a JSON object/i,
      );
    }
  });

  it('refuses overlaps and gaps, naming the tensor', async () => {
    expect(await edited('b', { data_offsets: [20, 28] })).toMatch(/b overlaps/);
    expect(await edited('b', { data_offsets: [28, 36] })).toMatch(/4 unused bytes before b/);
  });

  it('refuses spans that do not fit shape and type', async () => {
    expect(await edited('a', { shape: [2, 4] })).toMatch(
      /a has 24 bytes, but its shape \[2, 4\] and F32 need 32/,
    );
    expect(await edited('a', { shape: [2 ** 40, 2 ** 40] })).toMatch(/^checkpoint_invalid/);
    expect(await edited('a', { data_offsets: [24, 0] })).toMatch(/^checkpoint_invalid/);
  });

  it('refuses shapes and offsets that are not whole numbers', async () => {
    for (const shape of [[-1, 3], [2.5], 'x', null, Array(9).fill(1)]) {
      expect(await edited('a', { shape })).toMatch(/the shape of a/);
    }
    for (const offsets of [[0], [-1, 23], [0, 24, 30], ['0', '24'], null]) {
      expect(await edited('a', { data_offsets: offsets })).toMatch(/data_offsets of a/);
    }
  });

  it('lists quantized and other types, and refuses by name to read them', async () => {
    for (const dtype of ['I8', 'U8', 'F8_E4M3', 'F64', undefined]) {
      const file = writeSafetensors(two, (header) => Object.assign(header.b!, { dtype }));
      const [, b] = await readHeader('x.safetensors', new Blob([file]));
      expect(() => readable(b!)).toThrow(
        `x.safetensors: b is stored as ${dtype}. Only BF16, F16 and F32 weights are supported; convert the unquantized model.`,
      );
    }
  });

  it('refuses a header of 16 MB or of 100,000 tensors at once, and says why', async () => {
    expect(await refusal(withHeader(' '.repeat(99e6)))).toMatch(
      /^checkpoint_invalid: .*header of 99000000 bytes.* or it was made to exhaust memory/,
    );
    const empty = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
    const many = Array.from({ length: 120_000 }, (_, i) => `"${i}":${empty}`);
    expect(await refusal(withHeader(`{${many.join()}}`))).toMatch(/Only up to 100000 tensors are read/);
    expect(await refusal(withHeader(`{"a":${'['.repeat(1e6)}${']'.repeat(1e6)}}`))).toMatch(/levels deep/);
    expect(await refusal(withHeader(`{"${'n'.repeat(9e6)}":{"dtype":"F32","shape":[-1]}}`))).toMatch(
      /^.{1,330}$/,
    );
  });
});

describe('readWeights', () => {
  const failure = async (
    change: (files: ReturnType<typeof tinyFiles>) => void,
    shards = 2,
  ): Promise<string> => {
    const files = tinyFiles({ shards });
    change(files);
    return readWeights(memorySource(files)).then(
      () => 'no error',
      (error: RoundsError) => `${error.code}: ${error.message}`,
    );
  };
  const shard = 'model-00001-of-00002.safetensors';

  it('reads one file, or all shards of an index, to the same tensors', async () => {
    const single = await readWeights(memorySource(tinyFiles()));
    const sharded = await readWeights(memorySource(tinyFiles({ shards: 3 })));
    expect([...sharded.tensors.keys()].sort()).toEqual([...single.tensors.keys()].sort());
    expect(single.files.map(({ name }) => name)).toEqual(['model.safetensors']);
    expect(sharded.files).toHaveLength(3);
  });

  it('refuses missing shards, a truncated shard and an index that is none', async () => {
    expect(
      await failure((files) => {
        files.delete(shard);
        files.delete('model-00002-of-00002.safetensors');
      }),
    ).toMatch(/model-00001-of-00002\.safetensors.*is missing/);
    expect(
      await failure((files) => files.set(shard, (files.get(shard) as Uint8Array<ArrayBuffer>).slice(0, -5))),
    ).toMatch(/truncated/);
    const index = (map: unknown): string => JSON.stringify({ weight_map: map });
    const setIndex = (map: unknown) => (files: ReturnType<typeof tinyFiles>) =>
      files.set('model.safetensors.index.json', textFile(index(map)));
    expect(await failure(setIndex({ 'no.such': shard }))).toBe('no error');
    expect(await failure(setIndex({ a: '../evil.safetensors' }))).toMatch(/must name a \.safetensors file/);
    expect(await failure(setIndex([]))).toMatch(/no weight_map/);
  });

  it('takes a tensor that is in two shards from the last one, as transformers does', async () => {
    const files = tinyFiles({ shards: 2 });
    const second = 'model-00002-of-00002.safetensors';
    files.set(second, files.get(shard)!);
    const { tensors } = await readWeights(memorySource(files));
    expect(new Set([...tensors.values()].map(({ file }) => file))).toEqual(new Set([second]));
  });

  it('names weights in another format', async () => {
    expect(await failure((files) => files.delete('model.safetensors'), 1)).toMatch(
      /Choose the folder of a Hugging Face model/,
    );
    const bin = (files: ReturnType<typeof tinyFiles>): void => {
      files.delete('model.safetensors');
      files.set('pytorch_model.bin', new Uint8Array(4));
    };
    expect(await failure(bin, 1)).toMatch(/only pytorch_model\.bin/);
  });
});
