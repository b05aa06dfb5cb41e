/**
 * Reads safetensors headers. A file is the header's length (8 bytes, little-endian), a JSON header
 * {name: {dtype, shape, data_offsets}} and the data. Every span is checked against the file before any weights are
 * read.
 */
import { RoundsError } from '../shared/errors';
import { FLOAT_BYTES, type FloatDtype } from './quantize/half';
import { refuseNoWeights } from './otherForms';
import { decodeJson, refuseStandIn, type BlobLike, type CheckpointSource, readBytes } from './source';

/** The headers of the largest published models are below 1 MB. The reference implementation allows 100 MB. */
const MAX_HEADER_BYTES = 16_000_000;
/** Of one file. Published models of any family have at most some ten thousand. */
const MAX_TENSORS = 100_000;
/** A header is {name: {dtype, shape: [...], data_offsets: [...]}}. */
const HEADER_BUDGET = { maxBytes: MAX_HEADER_BYTES, maxDepth: 4, maxValues: 16 * MAX_TENSORS };
/** Far above any published model: with shards of 5 GB, this would be 5 TB. */
const MAX_SHARD_FILES = 1_000;
const MAX_INDEX_BYTES = 50_000_000;
const MAX_RANK = 8;
/** A tensor of any type and the location of its bytes. */
export interface ListedTensor {
  name: string;
  file: string;
  blob: BlobLike;
  /** As written in the header. */
  dtype: string;
  shape: number[];
  /** Byte range within the file. */
  start: number;
  end: number;
}

/** A tensor of a type that the converter reads. */
export interface StoredTensor extends ListedTensor {
  dtype: FloatDtype;
}

export interface StoredWeights {
  tensors: Map<string, ListedTensor>;
  files: { name: string; size: number }[];
  /** Files that the index names and the checkpoint lacks. It matters only if a tensor is missing. */
  missingFiles: string[];
}

/**
 * Reads the headers of `model.safetensors`, or of the shards listed in `model.safetensors.index.json`. Like
 * transformers, it takes from the index only which files there are: an index may name tensors that a later version of
 * the files no longer has.
 * @throws RoundsError checkpoint_invalid if all files are missing, or one is truncated or inconsistent
 */
export async function readWeights(source: CheckpointSource): Promise<StoredWeights> {
  const single = await source.open('model.safetensors');
  if (single !== null) return collect([['model.safetensors', single]], []);
  const index = await readBytes(source, 'model.safetensors.index.json', MAX_INDEX_BYTES);
  if (index === null) return refuseNoWeights(source.name, await source.list());
  const weightMap = parseIndex(decodeJson(index, 'model.safetensors.index.json'));
  const opened: [string, BlobLike][] = [];
  const missing: string[] = [];
  for (const file of [...new Set(weightMap.values())].sort()) {
    const blob = await source.open(file);
    if (blob === null) missing.push(file);
    else opened.push([file, blob]);
  }
  if (opened.length === 0) refuse(missingFile(missing[0] ?? 'A file'));
  return collect(opened, missing);
}

/** Sentence for a file that the index names. */
export function missingFile(file: string): string {
  return `${file}, listed in model.safetensors.index.json, is missing. Download it.`;
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

/** Of a tensor that is in several files the last one counts, as in transformers. */
async function collect(files: [string, BlobLike][], missingFiles: string[]): Promise<StoredWeights> {
  const tensors = new Map<string, ListedTensor>();
  for (const [file, blob] of files) {
    for (const tensor of await readHeader(file, blob)) tensors.set(tensor.name, tensor);
  }
  if (tensors.size > MAX_TENSORS) refuse(tooMany(`the checkpoint has ${tensors.size}`));
  return { tensors, files: files.map(([name, blob]) => ({ name, size: blob.size })), missingFiles };
}

function tooMany(what: string): string {
  return `Only up to ${MAX_TENSORS} tensors are read, but ${what}. Check that this is the right model.`;
}

/**
 * Parses and checks the header of one file.
 * @param file the file's name
 * @throws RoundsError checkpoint_invalid, model_unsupported
 */
export async function readHeader(file: string, blob: BlobLike): Promise<ListedTensor[]> {
  if (blob.size < 8)
    refuse(`${file} has only ${blob.size} bytes and no header: it is truncated. Download it again.`);
  const start = new Uint8Array(await blob.slice(0, Math.min(blob.size, 100)).arrayBuffer());
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    refuseStandIn(start, file);
    refuse(
      `${file} claims a header of ${length} bytes, but the list of a model's tensors needs fewer than ${MAX_HEADER_BYTES}: it is not a safetensors file, or it was made to exhaust memory.`,
    );
  }
  const dataStart = 8 + Number(length);
  if (dataStart > blob.size) {
    refuse(
      `${file} is truncated: its header needs ${dataStart} bytes, the file has ${blob.size}. Download it again.`,
    );
  }
  const bytes = new Uint8Array(await blob.slice(8, dataStart).arrayBuffer());
  const header = decodeJson(bytes, `the header of ${file}`, HEADER_BUDGET);
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    refuse(`The header of ${file} is not a JSON object. Download the file again.`);
  }
  const entries = Object.entries(header as Record<string, unknown>);
  if (entries.length > MAX_TENSORS) refuse(tooMany(`${file} lists ${entries.length}`));
  const tensors = entries
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
): ListedTensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isSize)) {
    refuse(`${file}: the shape of ${name} must be a list of up to ${MAX_RANK} whole numbers.`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    refuse(`${file}: data_offsets of ${name} must be two whole numbers.`);
  }
  const [from, to] = offsets as [number, number];
  const type = typeof dtype === 'string' ? dtype : (JSON.stringify(dtype) ?? 'undefined');
  // The size of other types does not matter: only tensors that the model needs must be of a type that is read.
  const expected = isFloat(type)
    ? shape.reduce((product, dim) => product * dim, FLOAT_BYTES[type])
    : Math.max(0, to - from);
  if (to - from !== expected) {
    refuse(
      `${file}: ${name} has ${to - from} bytes, but its shape [${shape.join(', ')}] and ${type} need ${expected}.`,
    );
  }
  return { name, file, blob, dtype: type, shape: shape, start: dataStart + from, end: dataStart + to };
}

function isFloat(dtype: string): dtype is FloatDtype {
  return dtype === 'BF16' || dtype === 'F16' || dtype === 'F32';
}

/** @throws RoundsError model_unsupported for quantized and other types */
export function readable(tensor: ListedTensor): StoredTensor {
  const { dtype, file, name } = tensor;
  if (isFloat(dtype)) return { ...tensor, dtype };
  throw new RoundsError(
    'model_unsupported',
    `${file}: ${name} is stored as ${dtype}. Only BF16, F16 and F32 weights are supported; convert the unquantized model.`,
  );
}

/** The format requires tensors to cover the data exactly once: no gaps, no overlaps, nothing missing or appended. */
function checkCoverage(tensors: ListedTensor[], file: string, size: number, dataStart: number): void {
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
