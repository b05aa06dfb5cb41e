/**
 * Gives onnxruntime the weights of a graph from a pack, an initializer at a time where the build can take them so.
 * Element type and layout are changed where the graph asks for another than the pack holds.
 *
 * - `streamed` (the JSPI build waits for JavaScript): files are Blobs in form only. onnxruntime slices out one
 *   initializer after another and reads it as a stream, which comes from the pack's shards at that moment.
 * - `blobs` (other builds, in a worker): the weights go into Blobs, which browsers hold outside of JavaScript's memory and
 *   on disk where they are large; onnxruntime takes each initializer out synchronously.
 * - `memory` (elsewhere): whole files as arrays.
 */
import { RoundsError } from '../../shared/errors';
import type { PackTensor } from '../../shared/pack';
import type { ExternalEntry, ExternalFile, PackReader } from '../../engine/ports';
import { piecesOf, type Piece } from './initializerPieces';

export type WeightsPath = 'streamed' | 'blobs' | 'memory';

export interface MountedFiles {
  /** For `externalData` of onnxruntime's session options, in order. */
  files: { path: string; data: Uint8Array | Blob }[];
  /** Why reading failed, if it did: onnxruntime says only that it did. */
  failure(): unknown;
}

/**
 * @param onProgress bytes that onnxruntime or a Blob has been given
 * @throws RoundsError pack_invalid, out_of_memory, and what reading the pack throws
 */
export async function mountFiles(
  files: ExternalFile[],
  pack: PackReader,
  path: WeightsPath,
  onProgress: (doneBytes: number) => void = () => {},
): Promise<MountedFiles> {
  const source = new WeightSource(pack, onProgress);
  source.check(files.flatMap(({ entries }) => entries));
  const mounted: MountedFiles['files'] = [];
  for (const file of files) {
    const data =
      path === 'streamed'
        ? new StreamedFile(file, source)
        : path === 'blobs'
          ? await blobFile(file, source)
          : await arrayFile(file, source);
    mounted.push({ path: file.path, data });
  }
  return { files: mounted, failure: () => source.failure };
}

/** The bytes of one initializer, in pieces and in order. @throws RoundsError pack_invalid, and what reading the pack throws */
export function initializerBytes(
  entry: ExternalEntry,
  pack: PackReader,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  return new WeightSource(pack, () => undefined).pieces(entry);
}

/** Makes the bytes of initializers, in pieces and in order. */
class WeightSource {
  readonly #pack: PackReader;
  readonly #tensors: Map<string, PackTensor>;
  readonly #onProgress: (doneBytes: number) => void;
  #done = 0;
  failure: unknown = null;

  constructor(pack: PackReader, onProgress: (doneBytes: number) => void) {
    this.#pack = pack;
    this.#tensors = new Map(pack.manifest.tensors.map((tensor) => [tensor.name, tensor]));
    this.#onProgress = onProgress;
  }

  /** What is wrong with a pack shows before onnxruntime asks, which could only say that reading failed. */
  check(entries: readonly ExternalEntry[]): void {
    for (const entry of entries) this.plan(entry);
  }

  /** @throws RoundsError pack_invalid */
  plan(entry: ExternalEntry): Piece[] {
    return piecesOf(entry, this.#tensors.get(entry.tensor));
  }

  async *pieces(entry: ExternalEntry): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (const piece of this.plan(entry)) {
      const bytes = piece.make(await this.read(piece));
      this.count(bytes.length);
      yield bytes;
    }
  }

  /** Reports more bytes of initializers as done. */
  count(bytes: number): void {
    this.#done += bytes;
    this.#onProgress(Math.round(this.#done));
  }

  async read({ spans }: Piece): Promise<Uint8Array<ArrayBuffer>[]> {
    try {
      const stored: Uint8Array<ArrayBuffer>[] = [];
      for (const span of spans) stored.push(await this.#pack.read(span));
      return stored;
    } catch (thrown) {
      this.failure ??= thrown;
      throw thrown;
    }
  }
}

/** A Blob that has no bytes: `slice` gives what onnxruntime reads of it, one initializer. */
class StreamedFile extends Blob {
  readonly #file: ExternalFile;
  readonly #source: WeightSource;

  constructor(file: ExternalFile, source: WeightSource) {
    super();
    this.#file = file;
    this.#source = source;
  }

  override get size(): number {
    return this.#file.size;
  }

  override slice(start = 0, end = this.size): Blob {
    return new StreamedEntry(entryAt(this.#file, start, end), this.#source);
  }
}

class StreamedEntry extends Blob {
  readonly #entry: ExternalEntry;
  readonly #source: WeightSource;

  constructor(entry: ExternalEntry, source: WeightSource) {
    super();
    this.#entry = entry;
    this.#source = source;
  }

  override get size(): number {
    return this.#entry.length;
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const pieces = this.#source.pieces(this.#entry);
    return new ReadableStream({
      pull: async (controller) => {
        const next = await pieces.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: async () => {
        await pieces.return(undefined);
      },
    });
  }
}

/** A range must be one initializer; onnxruntime reads nothing else. */
function entryAt({ path, entries }: ExternalFile, start: number, end: number): ExternalEntry {
  const entry = entries.find(({ offset, length }) => offset === start && offset + length === end);
  if (entry) return entry;
  throw new RoundsError('internal', `${path} has no initializer from ${start} to ${end}.`);
}

/** Workers have it; Node, whose compiler reads this too, does not. */
interface WorkerScope {
  FileReaderSync: new () => { readAsArrayBuffer(blob: Blob): ArrayBuffer };
}

/** A piece whose spans are in Blobs. */
interface StoredPiece {
  piece: Piece;
  blobs: Blob[];
}

/**
 * An array in form only: `subarray` makes the bytes of an initializer from Blobs. These hold what the pack stores, which
 * may be an eighth of what the graph gets.
 */
async function blobFile(file: ExternalFile, source: WeightSource): Promise<Uint8Array> {
  const stored = new Map<ExternalEntry, StoredPiece[]>();
  for (const entry of file.entries) {
    const pieces = source.plan(entry);
    const blobs: StoredPiece[] = [];
    for (const piece of pieces) {
      blobs.push({ piece, blobs: (await source.read(piece)).map((bytes) => new Blob([bytes])) });
      source.count(entry.length / pieces.length);
    }
    stored.set(entry, blobs);
  }
  const reader = new (globalThis as unknown as WorkerScope).FileReaderSync();
  const subarray = (start: number, end: number): Uint8Array => {
    const result = new Uint8Array(end - start);
    let at = 0;
    for (const { piece, blobs } of stored.get(entryAt(file, start, end)) ?? []) {
      const bytes = piece.make(blobs.map((blob) => new Uint8Array(reader.readAsArrayBuffer(blob))));
      result.set(bytes, at);
      at += bytes.length;
    }
    return result;
  };
  return Object.create(Uint8Array.prototype, {
    byteLength: { value: file.size },
    length: { value: file.size },
    subarray: { value: subarray },
  }) as Uint8Array;
}

async function arrayFile(file: ExternalFile, source: WeightSource): Promise<Uint8Array> {
  const data = allocate(file.size);
  for (const entry of file.entries) {
    let at = entry.offset;
    for await (const piece of source.pieces(entry)) {
      data.set(piece, at);
      at += piece.length;
    }
  }
  return data;
}

function allocate(size: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch (cause) {
    const megabytes = Math.round(size / 2 ** 20);
    const message = `The browser could not allocate ${megabytes} MB for the weights.`;
    throw new RoundsError('out_of_memory', message, { cause });
  }
}
