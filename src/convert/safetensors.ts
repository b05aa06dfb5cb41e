/**
 * Reads safetensors headers. A file is the header's length (8 bytes, little-endian), a JSON header
 * {name: {dtype, shape, data_offsets}} and the data. Every span is checked against the file before any weights are
 * read.
 */
import { RoundsError } from '../shared/errors';
import { FLOAT_BYTES, type FloatDtype } from './quantize/half';
import { decodeJson, type BlobLike, type CheckpointSource, readBytes } from './source';

/** As in the reference implementation. The headers of the largest published models are below 1 MB. */
const MAX_HEADER_BYTES = 100_000_000;
/** Far above any published model: with shards of 5 GB, this would be 5 TB. */
const MAX_SHARD_FILES = 1_000;
const MAX_INDEX_BYTES = 50_000_000;
const MAX_RANK = 8;

/** A stored tensor and the location of its bytes. */
export interface StoredTensor {
  name: string;
  file: string;
  blob: BlobLike;
  dtype: FloatDtype;
  shape: number[];
  /** Byte range within the file. */
  start: number;
  end: number;
}

export interface StoredWeights {
  tensors: Map<string, StoredTensor>;
  files: { name: string; size: number }[];
}

/**
 * Reads the headers of `model.safetensors`, or of the shards listed in `model.safetensors.index.json`.
 * @throws RoundsError checkpoint_invalid if a file is missing, truncated or inconsistent; model_unsupported for
 *   quantized dtypes
 */
export async function readWeights(source: CheckpointSource): Promise<StoredWeights> {
  const single = await source.open('model.safetensors');
  if (single !== null) return collect([['model.safetensors', single]]);
  const index = await readBytes(source, 'model.safetensors.index.json', MAX_INDEX_BYTES);
  if (index === null) return refuseNoWeights(source);
  const weightMap = parseIndex(decodeJson(index, 'model.safetensors.index.json'));
  const opened: [string, BlobLike][] = [];
  for (const file of [...new Set(weightMap.values())].sort()) {
    const blob = await source.open(file);
    if (blob === null) refuse(`${file}, listed in model.safetensors.index.json, is missing. Download it.`);
    opened.push([file, blob]);
  }
  const weights = await collect(opened);
  for (const [tensor, file] of weightMap) {
    if (weights.tensors.get(tensor)?.file !== file) {
      refuse(
        `model.safetensors.index.json says that ${tensor} is in ${file}, but it is not there. Download both files again.`,
      );
    }
  }
  return weights;
}

async function refuseNoWeights(source: CheckpointSource): Promise<never> {
  const files = await source.list();
  const other = files.find((file) => /\.(bin|pt|pth|gguf)$/.test(file));
  return refuse(
    other
      ? `There is no model.safetensors, only ${other}, which the converter cannot read. Save the model in safetensors format.`
      : 'There is no model.safetensors and no model.safetensors.index.json. Choose the folder of a Hugging Face model.',
  );
}

/** The `weight_map` of an index: tensor name to file name. */
function parseIndex(index: unknown): Map<string, string> {
  const map = (index as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    refuse('model.safetensors.index.json has no weight_map. Download it again.');
  }
  const entries = Object.entries(map as Record<string, unknown>);
  for (const [tensor, file] of entries) {
    if (typeof file !== 'string' || !/^[\w.-]+\.safetensors$/.test(file)) {
      refuse(`model.safetensors.index.json: ${tensor} must name a .safetensors file in the same folder.`);
    }
  }
  if (new Set(entries.map(([, file]) => file)).size > MAX_SHARD_FILES) {
    refuse(`model.safetensors.index.json names more than ${MAX_SHARD_FILES} files.`);
  }
  return new Map(entries as [string, string][]);
}

async function collect(files: [string, BlobLike][]): Promise<StoredWeights> {
  const tensors = new Map<string, StoredTensor>();
  for (const [file, blob] of files) {
    for (const tensor of await readHeader(file, blob)) {
      const other = tensors.get(tensor.name);
      if (other)
        refuse(`${tensor.name} is stored twice, in ${other.file} and ${file}. Download the files again.`);
      tensors.set(tensor.name, tensor);
    }
  }
  return { tensors, files: files.map(([name, blob]) => ({ name, size: blob.size })) };
}

/**
 * Parses and checks the header of one file.
 * @param file the file's name
 * @throws RoundsError checkpoint_invalid, model_unsupported
 */
export async function readHeader(file: string, blob: BlobLike): Promise<StoredTensor[]> {
  if (blob.size < 8)
    refuse(`${file} has only ${blob.size} bytes and no header: it is truncated. Download it again.`);
  const length = new DataView(await blob.slice(0, 8).arrayBuffer()).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    refuse(
      `${file} claims a header of ${length} bytes (limit ${MAX_HEADER_BYTES}): it is not a safetensors file.`,
    );
  }
  const dataStart = 8 + Number(length);
  if (dataStart > blob.size) {
    refuse(
      `${file} is truncated: its header needs ${dataStart} bytes, the file has ${blob.size}. Download it again.`,
    );
  }
  const bytes = new Uint8Array(await blob.slice(8, dataStart).arrayBuffer());
  const header = decodeJson(bytes, `the header of ${file}`);
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    refuse(`The header of ${file} is not a JSON object. Download the file again.`);
  }
  const tensors = Object.entries(header as Record<string, unknown>)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => parseEntry(name, entry, file, blob, dataStart));
  checkCoverage(tensors, file, blob.size, dataStart);
  blob.setParts?.(tensors);
  return tensors;
}

function parseEntry(
  name: string,
  entry: unknown,
  file: string,
  blob: BlobLike,
  dataStart: number,
): StoredTensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isSize)) {
    refuse(`${file}: the shape of ${name} must be a list of up to ${MAX_RANK} whole numbers.`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    refuse(`${file}: data_offsets of ${name} must be two whole numbers.`);
  }
  if (dtype !== 'BF16' && dtype !== 'F16' && dtype !== 'F32') {
    throw new RoundsError(
      'model_unsupported',
      `${file}: ${name} is stored as ${String(dtype)}. Only BF16, F16 and F32 weights are supported; convert the unquantized model.`,
    );
  }
  const [from, to] = offsets as [number, number];
  const expected = shape.reduce((product, dim) => product * dim, FLOAT_BYTES[dtype]);
  if (to - from !== expected) {
    refuse(
      `${file}: ${name} has ${to - from} bytes, but its shape [${shape.join(', ')}] and ${dtype} need ${expected}.`,
    );
  }
  return { name, file, blob, dtype, shape: shape, start: dataStart + from, end: dataStart + to };
}

/** The format requires tensors to cover the data exactly once: no gaps, no overlaps, nothing missing or appended. */
function checkCoverage(tensors: StoredTensor[], file: string, size: number, dataStart: number): void {
  const sorted = [...tensors].sort((a, b) => a.start - b.start || a.end - b.end);
  let position = dataStart;
  for (const { name, start, end } of sorted) {
    if (start < position)
      refuse(`${file}: ${name} overlaps the tensor before it. The file is damaged; download it again.`);
    if (start > position)
      refuse(
        `${file}: there are ${start - position} unused bytes before ${name}. The file is damaged; download it again.`,
      );
    position = end;
  }
  if (position > size) {
    refuse(
      `${file} is truncated: its tensors need ${position} bytes, the file has ${size}. Download it again.`,
    );
  }
  if (position < size)
    refuse(
      `${file} has ${size - position} bytes after its last tensor. The file is damaged; download it again.`,
    );
}

function refuse(message: string): never {
  throw new RoundsError('checkpoint_invalid', message);
}
