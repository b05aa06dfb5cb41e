/**
 * NIfTI volumes (.nii, .nii.gz) → one slice as RGB. Slices are shown in the radiological convention (the patient's right on the
 * left, anterior or superior up), regardless of the order of the axes in the file.
 */
import { RoundsError } from '../../shared/errors';
import type { Plane, WindowPreset } from '../../shared/imageFacts';
import type { DecodedImage, DecodeOptions } from '../decoded';
import { MAX_FILE_BYTES } from '../dimensions';
import { forgetful } from '../fileMemory';
import {
  checkWindow,
  type GreyImage,
  quantileWindow,
  type Samples,
  spreadGrey,
  toLevels,
  toRawValues,
} from '../grey';
import { invalidImage, missingPart, unsupportedImage } from '../imageError';
import { inflateStart } from '../inflate';
import { CT_PRESETS } from '../presets';
import { HEADER_BYTES, type NiftiHeader, niftiVersion, readHeader } from './header';
import { orient, sliceIndexes, type Orientation } from './orientation';

/** Limit for an unpacked volume: the limit for files, times the ratio that volumes compress to. */
const MAX_VOLUME_BYTES = 4 * MAX_FILE_BYTES;
/** Values this low are air on the scale of CT, so the usual windows of CT make sense. */
const CT_AIR = -500;

/**
 * @param bytes the whole file, gzipped or not
 * @throws RoundsError image_invalid, image_unsupported, image_too_large, request_invalid (no such slice, volume, window)
 */
export async function decodeNifti(
  bytes: Uint8Array<ArrayBuffer>,
  options: DecodeOptions = {},
): Promise<DecodedImage> {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const header = readHeader(isPacked ? await unpackHead(bytes) : bytes);
  const volume = choose(options.volume ?? 0, header.volumes, 'volume');
  const [start, length] = volumeRange(header, volume);
  const { remember = forgetful } = options;
  const read = await remember(`volume ${volume}`, length, async (): Promise<Volume> => {
    const unpacked = isPacked ? await unpack(bytes, start + length) : bytes;
    if (unpacked.length < start + length) throw invalidImage('the voxel data ends early');
    const view = new DataView(unpacked.buffer, unpacked.byteOffset + start, length);
    const voxels = readVoxels(header, view);
    return { voxels, presets: header.type.channels > 1 ? [] : listPresets(header, voxels) };
  });
  return new Slice(header, read, volume, options).render();
}

interface Volume {
  voxels: Samples;
  /** The default window first; empty for colour. */
  presets: WindowPreset[];
}

/** The header's range, quantiles of the whole volume (so that slices can be compared), and for CT the usual windows. */
function listPresets(header: NiftiHeader, voxels: Samples): WindowPreset[] {
  const all: GreyImage = { ...greyScale(header), width: voxels.length, height: 1, stored: voxels };
  const { display: range } = header;
  const own: WindowPreset[] = range
    ? [
        {
          label: { code: 'file', params: { number: 1 } },
          window: [(range[0] + range[1]) / 2, range[1] - range[0]],
        },
      ]
    : [];
  const quantiles: WindowPreset = {
    label: { code: 'quantiles' },
    window: quantileWindow(all, 'LINEAR_EXACT'),
  };
  const isCt = voxels.some((voxel) => all.scale(voxel) <= CT_AIR);
  return [...own, quantiles, ...(isCt ? CT_PRESETS : [])];
}

function greyScale({ slope, intercept }: NiftiHeader): Pick<GreyImage, 'scale' | 'isPadding'> {
  return {
    scale: slope === 1 && intercept === 0 ? (value) => value : (value) => value * slope + intercept,
    isPadding: () => false,
  };
}

async function unpackHead(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const head = await unpack(bytes, HEADER_BYTES);
  if (niftiVersion(head)) return head;
  throw unsupportedImage('this gzip archive has no NIfTI volume in it', 'unpack it first');
}

async function unpack(bytes: Uint8Array<ArrayBuffer>, length: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await inflateStart(bytes, 'gzip', length);
  } catch (error) {
    throw invalidImage('the gzip archive is damaged', error);
  }
}

/** @throws RoundsError request_invalid */
function choose(index: number, count: number, part: 'slice' | 'volume'): number {
  if (Number.isInteger(index) && index >= 0 && index < count) return index;
  throw missingPart(part, index, count);
}

/** Bytes of the volume in the unpacked file. */
function volumeRange({ size, type, offset }: NiftiHeader, volume: number): [start: number, length: number] {
  const length = size[0] * size[1] * size[2] * type.channels * type.bytes;
  const start = offset + volume * length;
  if (start + length > MAX_VOLUME_BYTES) {
    const megabytes = Math.ceil((start + length) / 1e6);
    throw new RoundsError(
      'image_too_large',
      `the volume has ${megabytes} MB, and the limit is ${MAX_VOLUME_BYTES / 1e6} MB; export a part of it.`,
    );
  }
  return [start, length];
}

function readVoxels({ type, isLittleEndian }: NiftiHeader, view: DataView): Samples {
  const values = type.array(view.byteLength / type.bytes);
  for (let i = 0; i < values.length; i++) values[i] = type.read(view, i * type.bytes, isLittleEndian);
  return values;
}

/** One slice of a volume, and how it is rendered. */
class Slice {
  readonly #header: NiftiHeader;
  readonly #voxels: Samples;
  readonly #presets: WindowPreset[];
  readonly #volume: number;
  readonly #options: DecodeOptions;
  readonly #orientation: Orientation;
  readonly #plane: Plane;
  readonly #frame: number;
  readonly #width: number;
  readonly #height: number;
  readonly #indexes: Uint32Array;

  constructor(header: NiftiHeader, read: Volume, volume: number, options: DecodeOptions) {
    this.#header = header;
    this.#voxels = read.voxels;
    this.#presets = read.presets;
    this.#volume = volume;
    this.#options = options;
    this.#plane = options.plane ?? 'axial';
    this.#orientation = orient(header);
    const slices = this.#orientation.slices[this.#plane];
    this.#frame = choose(options.frame ?? Math.floor(slices / 2), slices, 'slice');
    const { width, height, indexes } = sliceIndexes(this.#orientation, this.#plane, this.#frame);
    [this.#width, this.#height, this.#indexes] = [width, height, indexes];
  }

  render(): DecodedImage {
    const common = { width: this.#width, height: this.#height };
    const facts = {
      format: 'NIfTI' as const,
      frames: this.#orientation.slices[this.#plane],
      frame: this.#frame,
      pixelAspect: this.#orientation.aspects[this.#plane],
      unit: '',
      nifti: {
        plane: this.#plane,
        slices: this.#orientation.slices,
        volume: this.#volume,
        volumes: this.#header.volumes,
        isOriented: this.#header.isOriented,
      },
    };
    if (this.#header.type.channels > 1) {
      return { ...common, data: this.#color(), facts: { ...facts, window: null, presets: [] } };
    }
    const slice = this.#grey(Float64Array.from(this.#indexes, (index) => this.#voxels[index]!));
    const presets = this.#presets;
    const display = checkWindow(this.#options.window ?? presets[0]!.window, 'LINEAR_EXACT');
    return {
      ...common,
      data: spreadGrey(toLevels(slice, display)),
      facts: { ...facts, window: display.kind === 'window' ? display.range : null, presets },
      ...(this.#options.raw
        ? { raw: { values: toRawValues(slice), shape: 'LINEAR_EXACT' as const, isInverted: false } }
        : {}),
    };
  }

  #grey(stored: Samples): GreyImage {
    return { ...greyScale(this.#header), width: this.#width, height: this.#height, stored };
  }

  #color(): Uint8Array<ArrayBuffer> {
    const { channels } = this.#header.type;
    const rgb = new Uint8Array(this.#indexes.length * 3);
    for (const [pixel, index] of this.#indexes.entries()) {
      for (let channel = 0; channel < 3; channel++)
        rgb[pixel * 3 + channel] = this.#voxels[index * channels + channel]!;
    }
    return rgb;
  }
}
