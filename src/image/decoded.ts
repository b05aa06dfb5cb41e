/** Input and output of all decoders. */
import type { RgbImage } from '../engine/preprocess/resample';
import type { ImageFacts, Plane, RawValues } from '../shared/imageFacts';
import type { Remember } from './fileMemory';
import type { ImageFormat } from './sniff';

export interface DecodeOptions {
  /** Zero-based: frame of a DICOM file, page of a TIFF, slice of a NIfTI volume. */
  frame?: number;
  /** [center, width] in the unit of the image (HU for CT), instead of the file's own. */
  window?: [number, number];
  /** Of a NIfTI volume; axial by default. */
  plane?: Plane;
  /** Of a NIfTI series; 0 by default. */
  volume?: number;
  /** Caches what is read of the file, for a viewer that shows one frame after another. */
  remember?: Remember;
  /** Return the grey values as well. */
  raw?: boolean;
  /** Return the values of identifying fields, not only their codes. */
  identity?: boolean;
}

/** An opened file, as every decoder takes it. */
export interface ImageFile {
  blob: Blob;
  format: ImageFormat;
  /**
   * The whole file, read once.
   *
   * @throws RoundsError image_too_large, image_invalid (the file can't be read any more)
   */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** A part of the file, shorter if the file ends before `end`. @throws RoundsError image_invalid */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

export interface DecodedImage extends RgbImage {
  facts: ImageFacts;
  /** Absent if it wasn't requested, and for images without grey values beyond 8 bits. */
  raw?: RawValues;
}
