/**
 * Builds an ONNX ModelProto node by node, with the field and type numbers of onnx.proto3. Weights are not included:
 * an initializer refers to an external file whose bytes the runtime reads from a pack.
 */
import type { ElementType, ExternalFile, GraphModel, InitializerSource, InitializerType } from '../ports';
import { typeBytes } from '../elementBytes';
import { ProtoWriter } from './protoWriter';

const ELEMENT_CODE: Record<InitializerType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  float16: 10,
  int4: 22,
};
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;
const IR_VERSION = 10;
const ONNX_OPSET = 21;
/** Browsers may fail to allocate one buffer for a larger external file. */
const MAX_EXTERNAL_FILE_BYTES = 512 * 1024 * 1024;
/** Copies into GPU buffers require a multiple of 4; 64 also aligns the vector loads of the CPU kernels. */
const EXTERNAL_ALIGNMENT = 64;

export type Attribute = number | string | number[] | { float: number };
export type Dim = number | string;

export interface NodeOptions {
  domain?: 'com.microsoft';
  attributes?: Record<string, Attribute>;
  /**
   * Written before all nodes that are not. onnxruntime runs a node without other nodes as inputs late, just before its
   * result is used, if the model lists it early; otherwise it runs all of them first and holds all their results.
   */
  early?: boolean;
  /** Names of the outputs; by default one, named after the operator. An empty name omits an output. */
  outputs?: string[];
}

export class GraphBuilder {
  readonly #name: string;
  readonly #earlyNodes: ((writer: ProtoWriter) => void)[] = [];
  readonly #nodes: ((writer: ProtoWriter) => void)[] = [];
  readonly #inputs: ((writer: ProtoWriter) => void)[] = [];
  readonly #outputs: ((writer: ProtoWriter) => void)[] = [];
  readonly #constants = new Map<string, (writer: ProtoWriter) => void>();
  readonly #weights = new Map<string, InitializerSource>();
  readonly #outputLocations: GraphModel['outputs'] = [];
  #nextId = 0;

  constructor(name: string) {
    this.#name = name;
  }

  input(name: string, type: ElementType, dims: Dim[]): string {
    this.#inputs.push((writer) => writeValueInfo(writer, name, type, dims));
    return name;
  }

  output(name: string, type: ElementType, dims: Dim[], location: 'host' | 'device'): void {
    this.#outputs.push((writer) => writeValueInfo(writer, name, type, dims));
    this.#outputLocations.push({ name, location });
  }

  /** Adds a node and returns the name of its first output. An empty input name omits an optional input. */
  node(op: string, inputs: string[], options: NodeOptions = {}): string {
    const id = this.#nextId++;
    const name = `${op}_${id}`;
    const outputs = options.outputs ?? [`${name}_out`];
    const nodes = options.early ? this.#earlyNodes : this.#nodes;
    nodes.push((writer) => writeNode(writer, name, op, inputs, outputs, options));
    return outputs[0] ?? '';
  }

  /** Adds a node with several outputs and returns their names. */
  nodes(op: string, inputs: string[], count: number, options: Omit<NodeOptions, 'outputs'> = {}): string[] {
    const id = this.#nextId;
    const outputs = Array.from({ length: count }, (_, i) => `${op}_${id}_out${i}`);
    this.node(op, inputs, { ...options, outputs });
    return outputs;
  }

  /** Adds an int64 constant to the model. Equal constants are shared. */
  int64(values: number[], dims: number[] = [values.length]): string {
    const name = `int64_${values.join('_').replaceAll('-', 'm')}_d${dims.join('_')}`;
    const raw = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
    this.#constants.set(name, (writer) => {
      dims.forEach((dim) => writer.int(1, dim));
      writer.int(2, ELEMENT_CODE.int64).string(8, name).bytes(9, raw);
    });
    return name;
  }

  /** Adds an initializer whose bytes come from the pack. The same name refers to the same initializer. */
  weight(source: InitializerSource): string {
    this.#weights.set(source.name, source);
    return source.name;
  }

  build(): GraphModel {
    const externalFiles = planExternalFiles(this.#name, [...this.#weights.values()]);
    const model = new ProtoWriter().int(1, IR_VERSION).string(2, 'rounds');
    model.message(7, (graph) => {
      [...this.#earlyNodes, ...this.#nodes].forEach((write) => graph.message(1, write));
      graph.string(2, this.#name);
      this.#constants.forEach((write) => graph.message(5, write));
      externalFiles.forEach((file) => writeExternalTensors(graph, file));
      this.#inputs.forEach((write) => graph.message(11, write));
      this.#outputs.forEach((write) => graph.message(12, write));
    });
    model.message(8, (opset) => opset.string(1, '').int(2, ONNX_OPSET));
    model.message(8, (opset) => opset.string(1, 'com.microsoft').int(2, 1));
    return { name: this.#name, bytes: model.finish(), externalFiles, outputs: this.#outputLocations };
  }
}

/** Assigns initializers to consecutive positions in external files. A tensor is never split between two files. */
function planExternalFiles(graphName: string, sources: InitializerSource[]): ExternalFile[] {
  const files: ExternalFile[] = [];
  for (const source of sources) {
    const length = source.dims.reduce((a, b) => a * b, 1) * typeBytes(source.type);
    let file = files.at(-1);
    let offset = file ? Math.ceil(file.size / EXTERNAL_ALIGNMENT) * EXTERNAL_ALIGNMENT : 0;
    if (!file || (file.size > 0 && offset + length > MAX_EXTERNAL_FILE_BYTES)) {
      file = { path: `${graphName}.weights_${files.length}`, size: 0, entries: [] };
      files.push(file);
      offset = 0;
    }
    file.entries.push({ ...source, offset, length });
    file.size = offset + length;
  }
  return files;
}

function writeExternalTensors(graph: ProtoWriter, file: ExternalFile): void {
  for (const entry of file.entries) {
    graph.message(5, (tensor) => {
      entry.dims.forEach((dim) => tensor.int(1, dim));
      tensor.int(2, ELEMENT_CODE[entry.type]).string(8, entry.name);
      const pairs = [
        ['location', file.path],
        ['offset', String(entry.offset)],
        ['length', String(entry.length)],
      ] as const;
      pairs.forEach(([key, value]) => tensor.message(13, (pair) => pair.string(1, key).string(2, value)));
      tensor.int(14, 1);
    });
  }
}

function writeValueInfo(writer: ProtoWriter, name: string, type: ElementType, dims: Dim[]): void {
  writer.string(1, name).message(2, (typeProto) =>
    typeProto.message(1, (tensor) => {
      tensor.int(1, ELEMENT_CODE[type]);
      tensor.message(2, (shape) => {
        dims.forEach((dim) =>
          shape.message(1, (d) => (typeof dim === 'number' ? d.int(1, dim) : d.string(2, dim))),
        );
      });
    }),
  );
}

function writeNode(
  writer: ProtoWriter,
  name: string,
  op: string,
  inputs: string[],
  outputs: string[],
  options: NodeOptions,
): void {
  inputs.forEach((input) => writer.string(1, input));
  outputs.forEach((output) => writer.string(2, output));
  writer.string(3, name).string(4, op);
  Object.entries(options.attributes ?? {}).forEach(([key, value]) =>
    writer.message(5, (attribute) => writeAttribute(attribute, key, value)),
  );
  writer.string(7, options.domain ?? '');
}

function writeAttribute(writer: ProtoWriter, name: string, value: Attribute): void {
  writer.string(1, name);
  if (typeof value === 'number') writer.int(3, value).int(20, ATTRIBUTE_TYPE.int);
  else if (typeof value === 'string')
    writer.bytes(4, new TextEncoder().encode(value)).int(20, ATTRIBUTE_TYPE.string);
  else if (Array.isArray(value)) {
    value.forEach((item) => writer.int(8, item));
    writer.int(20, ATTRIBUTE_TYPE.ints);
  } else writer.float(2, value.float).int(20, ATTRIBUTE_TYPE.float);
}
