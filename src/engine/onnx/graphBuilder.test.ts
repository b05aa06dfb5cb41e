import { describe, expect, it } from 'vitest';
import { GraphBuilder } from './graphBuilder';
import { ProtoWriter } from './protoWriter';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('ProtoWriter', () => {
  // Byte sequences of the protobuf encoding guide.
  it('writes the wire format of the specification', () => {
    expect(hex(new ProtoWriter().int(1, 150).finish())).toBe('089601');
    expect(hex(new ProtoWriter().string(2, 'testing').finish())).toBe('120774657374696e67');
    expect(hex(new ProtoWriter().message(3, (m) => m.int(1, 150)).finish())).toBe('1a03089601');
    expect(hex(new ProtoWriter().float(1, 1).finish())).toBe('0d0000803f');
  });

  it('writes negative numbers as ten bytes and large field numbers as two', () => {
    expect(hex(new ProtoWriter().int(1, -1).finish())).toBe('08ffffffffffffffffff01');
    expect(hex(new ProtoWriter().int(20, 2).finish())).toBe('a00102');
  });

  it('grows past its first buffer', () => {
    const long = 'x'.repeat(10_000);
    expect(new ProtoWriter().string(1, long).finish().length).toBe(10_003);
  });
});

describe('GraphBuilder', () => {
  const source = (name: string, dims: number[]) =>
    ({ name, tensor: name, part: 'data', type: 'float32', dims, transpose: false }) as const;

  it('has one initializer per name, and aligns the next', () => {
    const graph = new GraphBuilder('g');
    graph.weight(source('a', [3]));
    graph.weight(source('a', [3]));
    graph.weight(source('b', [2, 2]));
    const [file, ...rest] = graph.build().externalFiles;
    expect(rest).toHaveLength(0);
    expect(file?.entries.map(({ name, offset, length }) => [name, offset, length])).toEqual([
      ['a', 0, 12],
      ['b', 64, 16],
    ]);
    expect(file?.size).toBe(80);
  });

  it('starts a new external file before one exceeds 512 MB, and gives a larger tensor its own', () => {
    const graph = new GraphBuilder('g');
    const quarter = 64 * 1024 * 1024;
    for (const name of ['a', 'b', 'c']) graph.weight(source(name, [quarter]));
    graph.weight(source('huge', [quarter * 3]));
    graph.weight(source('after', [1]));
    const files = graph.build().externalFiles;
    expect(files.map((file) => file.entries.map(({ name }) => name))).toEqual([
      ['a', 'b'],
      ['c'],
      ['huge'],
      ['after'],
    ]);
    expect(new Set(files.map(({ path }) => path)).size).toBe(4);
  });

  it('gives outputs distinct names, and reports their locations', () => {
    const graph = new GraphBuilder('g');
    const [left, right] = graph.nodes('Split', ['x'], 2);
    const sum = graph.node('Add', [left ?? '', right ?? '']);
    expect(new Set([left, right, sum]).size).toBe(3);
    graph.output('y', 'float32', [1], 'host');
    expect(graph.build().outputs).toEqual([{ name: 'y', location: 'host' }]);
  });
});
