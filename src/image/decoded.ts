/** What decoders take and give. */
import type { RgbImage } from '../engine/preprocess/resample';
import type { ImageFacts, Plane, RawValues } from '../shared/imageFacts';
import type { Remember } from './fileMemory';

export interface DecodeOptions {
  /** Zero-based: frame of a DICOM file, page of a TIFF, slice of a NIfTI volume. */
  frame?: number;
  /** [center, width] in the unit of the image (HU for CT), instead of the file's own. */
  window?: [number, number];
  /** Of a NIfTI volume; axial if it is not said. */
  plane?: Plane;
  /** Of a NIfTI series; 0 if it is not said. */
  volume?: number;
  /** For a viewer that goes through the frames of one file. */
  remember?: Remember;
  /** Give the grey values as well. */
  raw?: boolean;
  /** Give the values of identifying fields, not their names alone. */
  identity?: boolean;
}

export interface DecodedImage extends RgbImage {
  facts: ImageFacts;
  /** Null or absent: not asked for, or an image without grey values beyond 8 bits. */
  raw?: RawValues;
}
