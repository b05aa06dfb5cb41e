/** Headers of NIfTI-1 and NIfTI-2 (https://nifti.nimh.nih.gov): size, type and scale of the values, and orientation. */
import type { Samples } from '../grey';
import { invalidImage, unsupportedImage } from '../imageError';

export interface NiftiHeader {
  isLittleEndian: boolean;
  /** Voxels along i, j and k, and the number of volumes (time, or components). */
  size: [number, number, number];
  volumes: number;
  type: VoxelType;
  /** Byte offset of the first voxel. */
  offset: number;
  slope: number;
  intercept: number;
  /** Range of values to show, if the file has one. */
  display: [low: number, high: number] | null;
  /** The description says so; NIfTI has no field for the modality, and values don't show it. */
  isCt: boolean;
  /** Columns i, j, k → rows right, anterior, superior, in millimetres. */
  axes: number[][];
  isOriented: boolean;
}

export interface VoxelType {
  /** Of a value: a channel of a colour. */
  bytes: number;
  /** 1 for grey; 3 or 4 for colour. */
  channels: number;
  array: (count: number) => Samples;
  /** Values in the machine's byte order. */
  view: (buffer: ArrayBuffer, count: number) => Samples;
  /** Of integers of up to 16 bits. */
  range?: [low: number, high: number];
}

/** Bytes that contain the header of either version. */
export const HEADER_BYTES = 540;
const DESCRIPTION_BYTES = 80;

const typed = (
  Kind: {
    new (count: number): Samples;
    new (buffer: ArrayBuffer, from: number, count: number): Samples;
    readonly BYTES_PER_ELEMENT: number;
  },
  range?: [number, number],
  channels = 1,
): VoxelType => ({
  bytes: Kind.BYTES_PER_ELEMENT,
  channels,
  array: (count) => new Kind(count),
  view: (buffer, count) => new Kind(buffer, 0, count),
  ...(range ? { range } : {}),
});

/** Integers of 64 bits as float64, like numpy does for a picture; above 2^53 not all of them have their own number. */
const long = (isSigned: boolean): VoxelType => ({
  bytes: 8,
  channels: 1,
  array: (count) => new Float64Array(count),
  view: (buffer, count) => {
    const words = new Uint32Array(buffer, 0, count * 2);
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const high = words[i * 2 + 1]!;
      values[i] = (isSigned ? high | 0 : high) * 2 ** 32 + words[i * 2]!;
    }
    return values;
  },
});

const BYTE: [number, number] = [0, 255];

const TYPES: Partial<Record<number, VoxelType>> = {
  2: typed(Uint8Array, BYTE),
  4: typed(Int16Array, [-32768, 32767]),
  8: typed(Int32Array),
  16: typed(Float32Array),
  64: typed(Float64Array),
  128: typed(Uint8Array, BYTE, 3),
  256: typed(Int8Array, [-128, 127]),
  512: typed(Uint16Array, [0, 65535]),
  768: typed(Uint32Array),
  1024: long(true),
  1280: long(false),
  2304: typed(Uint8Array, BYTE, 4),
};

/** Types of the standard that can't be opened, by name. */
const REFUSED: Partial<Record<number, string>> = {
  1: 'single bits',
  32: 'complex numbers',
  1536: '128-bit floats',
  1792: 'complex numbers',
  2048: 'complex numbers',
};

/** The version, or null if it isn't NIfTI. The first field is the header's own size, in the byte order of the file. */
export function niftiVersion(
  head: Uint8Array,
): { version: 1 | 2; isLittleEndian: boolean; isPair: boolean } | null {
  if (head.length < 348) return null;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  for (const isLittleEndian of [true, false]) {
    const size = view.getInt32(0, isLittleEndian);
    const magic = String.fromCharCode(...head.subarray(size === 540 ? 4 : 344, size === 540 ? 7 : 347));
    if (size === 348 && (magic === 'n+1' || magic === 'ni1')) {
      return { version: 1, isLittleEndian, isPair: magic === 'ni1' };
    }
    if (size === 540 && (magic === 'n+2' || magic === 'ni2')) {
      return { version: 2, isLittleEndian, isPair: magic === 'ni2' };
    }
  }
  return null;
}

/**
 * @param head at least the first HEADER_BYTES bytes, or the whole file
 * @throws RoundsError image_invalid, image_unsupported (header without voxels, complex numbers, …)
 */
export function readHeader(head: Uint8Array): NiftiHeader {
  const found = niftiVersion(head);
  if (!found) throw damagedHeader();
  if (found.isPair) {
    throw unsupportedImage('this NIfTI header has its voxels in another file', 'save both as one .nii file');
  }
  try {
    return new HeaderReader(head, found.version, found.isLittleEndian).read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw damagedHeader(error);
  }
}

function damagedHeader(cause?: unknown) {
  return invalidImage('the NIfTI header is damaged', cause);
}

/** Offsets of the fields that are used, in NIfTI-1 and NIfTI-2. */
const FIELDS = {
  dim: [40, 16],
  datatype: [70, 12],
  pixdim: [76, 104],
  voxOffset: [108, 168],
  slope: [112, 176],
  intercept: [116, 184],
  calMax: [124, 192],
  calMin: [128, 200],
  description: [148, 240],
  qformCode: [252, 344],
  sformCode: [254, 348],
  quaternion: [256, 352],
  srow: [280, 400],
} as const;

/** Each axis of the array goes somewhere. */
function isUsable(axes: number[][]): boolean {
  return [0, 1, 2].every((column) => {
    const length = Math.hypot(...axes.map((row) => row[column]!));
    return Number.isFinite(length) && length > 0;
  });
}

class HeaderReader {
  readonly #view: DataView;
  readonly #version: 1 | 2;
  readonly #little: boolean;

  constructor(head: Uint8Array, version: 1 | 2, little: boolean) {
    this.#view = new DataView(head.buffer, head.byteOffset, head.byteLength);
    this.#version = version;
    this.#little = little;
  }

  read(): NiftiHeader {
    const code = this.#short('datatype');
    const type = TYPES[code];
    if (!type) {
      const kind = REFUSED[code] ?? 'an unknown type';
      throw unsupportedImage(
        `voxels of ${kind} (NIfTI type ${code}) can’t be opened`,
        'convert them to float32',
      );
    }
    const rank = this.#dim(0);
    const [i = 1, j = 1, k = 1, ...more] = Array.from({ length: 7 }, (_, axis) =>
      axis < rank ? this.#dim(axis + 1) : 1,
    );
    // A float in the first version, but a number of bytes.
    const offset = Math.trunc(
      this.#version === 1 ? this.#real('voxOffset') : Number(this.#long('voxOffset')),
    );
    const volumes = more.reduce((product, count) => product * Math.max(1, count), 1);
    const isSound =
      rank >= 1 && rank <= 7 && [i, j, k, volumes].every((n) => Number.isSafeInteger(n) && n >= 1);
    if (!isSound || !(offset >= 0)) throw damagedHeader();
    const slope = this.#real('slope');
    const intercept = this.#real('intercept');
    const isScaled = Number.isFinite(slope) && slope !== 0;
    const [low, high] = [this.#real('calMin'), this.#real('calMax')];
    return {
      isLittleEndian: this.#little,
      size: [i, j, k],
      volumes,
      type,
      offset: Math.max(offset, this.#version === 1 ? 348 : 540),
      slope: isScaled ? slope : 1,
      intercept: isScaled && Number.isFinite(intercept) ? intercept : 0,
      display: Number.isFinite(low) && Number.isFinite(high) && high > low ? [low, high] : null,
      isCt: /\bCT\b/.test(this.#text('description', DESCRIPTION_BYTES)),
      ...this.#orientation(),
    };
  }

  /**
   * sform before qform, like nibabel, unless it leaves out an axis, as one of zeros does; without both, the old convention that
   * x runs to the left.
   */
  #orientation(): Pick<NiftiHeader, 'axes' | 'isOriented'> {
    const sform = [0, 1, 2].map((row) => [0, 1, 2].map((column) => this.#real('srow', row * 4 + column)));
    if (this.#code('sformCode') > 0 && isUsable(sform)) return { axes: sform, isOriented: true };
    const [dx, dy, dz] = [1, 2, 3].map((axis) => Math.abs(this.#real('pixdim', axis)) || 1) as [
      number,
      number,
      number,
    ];
    if (this.#code('qformCode') <= 0) {
      return {
        axes: [
          [-dx, 0, 0],
          [0, dy, 0],
          [0, 0, dz],
        ],
        isOriented: false,
      };
    }
    const [b, c, d] = [0, 1, 2].map((part) => this.#real('quaternion', part)) as [number, number, number];
    const a = Math.sqrt(Math.max(0, 1 - b * b - c * c - d * d));
    // pixdim[0] is −1 if k runs against the rotation.
    const k = this.#real('pixdim', 0) < 0 ? -dz : dz;
    return {
      axes: [
        [(a * a + b * b - c * c - d * d) * dx, 2 * (b * c - a * d) * dy, 2 * (b * d + a * c) * k],
        [2 * (b * c + a * d) * dx, (a * a + c * c - b * b - d * d) * dy, 2 * (c * d - a * b) * k],
        [2 * (b * d - a * c) * dx, 2 * (c * d + a * b) * dy, (a * a + d * d - b * b - c * c) * k],
      ],
      isOriented: true,
    };
  }

  #at(field: keyof typeof FIELDS): number {
    return FIELDS[field][this.#version - 1]!;
  }

  #text(field: keyof typeof FIELDS, length: number): string {
    const { buffer, byteOffset } = this.#view;
    return String.fromCharCode(...new Uint8Array(buffer, byteOffset + this.#at(field), length));
  }

  #short(field: keyof typeof FIELDS): number {
    return this.#view.getInt16(this.#at(field), this.#little);
  }

  #code(field: 'qformCode' | 'sformCode'): number {
    return this.#version === 1 ? this.#short(field) : this.#view.getInt32(this.#at(field), this.#little);
  }

  #long(field: keyof typeof FIELDS, index = 0): bigint {
    return this.#view.getBigInt64(this.#at(field) + index * 8, this.#little);
  }

  #dim(index: number): number {
    return this.#version === 1
      ? this.#view.getInt16(this.#at('dim') + index * 2, this.#little)
      : Number(this.#long('dim', index));
  }

  #real(field: keyof typeof FIELDS, index = 0): number {
    return this.#version === 1
      ? this.#view.getFloat32(this.#at(field) + index * 4, this.#little)
      : this.#view.getFloat64(this.#at(field) + index * 8, this.#little);
  }
}
