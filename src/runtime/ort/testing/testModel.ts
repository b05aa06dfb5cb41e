/** Test helper: the smallest useful ONNX model, y = x + x on four floats, written out by hand. */
const text = (value: string): number[] => [...new TextEncoder().encode(value)];
/** A length-delimited protobuf field; every length here is below 128. */
const field = (number: number, bytes: number[]): number[] => [(number << 3) | 2, bytes.length, ...bytes];
const int = (number: number, value: number): number[] => [number << 3, value];

const FLOAT = 1;
const shape = field(2, field(1, int(1, 4)));
const value = (name: string): number[] => [
  ...field(1, text(name)),
  ...field(2, field(1, [...int(1, FLOAT), ...shape])),
];
const node = [
  ...field(1, text('x')),
  ...field(1, text('x')),
  ...field(2, text('y')),
  ...field(4, text('Add')),
];
const graph = [...field(1, node), ...field(2, text('g')), ...field(11, value('x')), ...field(12, value('y'))];

export const ADD_MODEL = Uint8Array.from([...int(1, 8), ...field(7, graph), ...field(8, int(2, 17))]);
