/**
 * One volume of a NIfTI file, packed or not. Of the file only this volume is read (and unpacked up to its end), in parts; it
 * is stored if it's small enough, so that its next slice is quick; otherwise it is read again for each slice.
 */
import { RoundsError } from '../../shared/errors';
import type { DecodeOptions, ImageFile } from '../decoded';
import { tooLarge } from '../dimensions';
import { forgetful, MAX_MEMORY_BYTES, type Remember } from '../fileMemory';
import type { Samples } from '../grey';
import { gunzip } from '../gunzip';
import { invalidImage, missingPart, unsupportedImage } from '../imageError';
import type { ValueRange } from '../statistics';
import { HEADER_BYTES, type NiftiHeader, niftiVersion, readHeader } from './header';
import { extentOf, type SlicePicker, statisticsOf, VoxelReader, type VoxelSink } from './voxels';

/** 2 GB for a volume; reading more takes longer than anyone waits for a slice. */
const MAX_VOLUME_BYTES = 2 * 1000 * 1000 * 1000;
/** A packed file is unpacked up to the end of its volume: half a gigabyte of any file, or what series of this size hold. */
const MAX_UNPACKED_BYTES = 512 * 1000 * 1000;
const MAX_UNPACKED_RATIO = 64;
/** Of an unpacked file, bytes that are read at a time. */
const PART_BYTES = 4 * 1000 * 1000;

export interface VolumeSource {
  header: NiftiHeader;
  /** Its index. */
  volume: number;
  /**
   * Fills the picker with the voxels of its slice.
   *
   * @returns the range of the whole volume's values; null for colour
   * @throws RoundsError image_invalid
   */
  pick(picker: SlicePicker): Promise<ValueRange | null>;
}

/** @throws RoundsError image_invalid, image_unsupported, image_too_large, request_invalid (no such volume) */
export async function openVolume(file: ImageFile, options: DecodeOptions): Promise<VolumeSource> {
  const isPacked = file.format === 'gzip';
  const header = readHeader(isPacked ? await unpackHead(file.blob) : await file.read(0, HEADER_BYTES));
  const volume = options.volume ?? 0;
  if (!Number.isInteger(volume) || volume < 0 || volume >= header.volumes)
    throw missingPart('volume', volume, header.volumes);
  const stream = new VolumeStream(file, isPacked, header, volume);
  return { header, volume, pick: (picker) => pick(stream, picker, options.remember ?? forgetful) };
}

async function unpackHead(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  const head = new Uint8Array(HEADER_BYTES);
  let length = 0;
  for await (const bytes of unpacked(blob)) {
    const part = bytes.subarray(0, HEADER_BYTES - length);
    head.set(part, length);
    length += part.length;
    if (length === HEADER_BYTES) break;
  }
  if (niftiVersion(head.subarray(0, length))) return head;
  throw unsupportedImage('this gzip archive has no NIfTI volume in it', 'unpack it first');
}

async function* unpacked(blob: Blob): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  try {
    yield* gunzip(blob);
  } catch (error) {
    throw error instanceof RoundsError ? error : invalidImage('the gzip archive is damaged', error);
  }
}

async function pick(
  stream: VolumeStream,
  picker: SlicePicker,
  remember: Remember,
): Promise<ValueRange | null> {
  const { header, volume, length } = stream;
  const sink: VoxelSink = (values, from) => picker.pick(values, from);
  if (length <= MAX_MEMORY_BYTES) {
    const { voxels, range } = await remember(`volume ${volume}`, length, () => readAll(stream));
    sink(voxels, 0);
    return range;
  }
  let isPicked = false;
  const range = await remember(`range ${volume}`, 100, async () => {
    isPicked = true;
    return readRange(stream, [sink]);
  });
  if (isPicked) return range;
  const [first, last] = extentOf(picker.path);
  const { channels, bytes } = header.type;
  await stream.read([sink], first * channels * bytes, (last + 1) * channels * bytes);
  return range;
}

async function readAll(stream: VolumeStream): Promise<{ voxels: Samples; range: ValueRange | null }> {
  const { type } = stream.header;
  const voxels = type.array(stream.length / type.bytes);
  const range = await readRange(stream, [(values, from) => voxels.set(values, from)]);
  return { voxels, range };
}

/** Reads the whole volume once. */
async function readRange(stream: VolumeStream, sinks: VoxelSink[]): Promise<ValueRange | null> {
  const { type } = stream.header;
  const statistics = type.channels > 1 ? null : statisticsOf(type, stream.length / type.bytes);
  await stream.read([...sinks, ...(statistics ? [statistics.add] : [])], 0, stream.length);
  return statistics?.range() ?? null;
}

class VolumeStream {
  readonly header: NiftiHeader;
  readonly volume: number;
  /** In bytes. */
  readonly length: number;
  readonly #file: ImageFile;
  readonly #isPacked: boolean;
  readonly #start: number;

  /** @throws RoundsError image_invalid (the file ends early), image_too_large */
  constructor(file: ImageFile, isPacked: boolean, header: NiftiHeader, volume: number) {
    const { size, type, offset } = header;
    this.header = header;
    this.volume = volume;
    this.length = size[0] * size[1] * size[2] * type.channels * type.bytes;
    this.#file = file;
    this.#isPacked = isPacked;
    this.#start = offset + volume * this.length;
    const end = this.#start + this.length;
    if (this.length > MAX_VOLUME_BYTES) throw tooLarge('the volume has', end, MAX_VOLUME_BYTES);
    const most = isPacked
      ? Math.max(MAX_UNPACKED_BYTES, MAX_UNPACKED_RATIO * file.blob.size)
      : file.blob.size;
    if (end <= most) return;
    if (!isPacked) throw invalidImage('the voxel data ends early');
    throw tooLarge('the file up to this volume has', end, most);
  }

  /** Bytes `from` to `to` of the volume. @throws RoundsError image_invalid */
  async read(sinks: VoxelSink[], from: number, to: number): Promise<void> {
    const { type } = this.header;
    const reader = new VoxelReader(this.header, to - from, offsetSinks(sinks, from / type.bytes));
    let missing = to - from;
    for await (const bytes of this.#bytes(this.#start + from, this.#start + to)) {
      reader.add(bytes);
      missing -= bytes.length;
    }
    reader.flush();
    if (missing > 0) throw invalidImage('the voxel data ends early');
  }

  async *#bytes(start: number, end: number): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    if (!this.#isPacked) {
      for (let at = start; at < end; at += PART_BYTES)
        yield await this.#file.read(at, Math.min(at + PART_BYTES, end));
      return;
    }
    let at = 0;
    for await (const bytes of unpacked(this.#file.blob)) {
      const part = bytes.subarray(Math.max(0, start - at), Math.max(0, end - at));
      at += bytes.length;
      if (part.length > 0) yield part;
      if (at >= end) return;
    }
  }
}

function offsetSinks(sinks: VoxelSink[], first: number): VoxelSink[] {
  return first === 0 ? sinks : sinks.map((sink) => (values, from) => sink(values, first + from));
}
