/** Facts about an image file that the page may show. None of them identifies the patient. */

/** Window functions of DICOM (PS3.3 C.11.2.1). Images in other formats use LINEAR_EXACT. */
export type WindowFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

export interface WindowPreset {
  name: string;
  /** [center, width] in the unit of the image. */
  window: [number, number];
}

/** Planes through a volume: viewed from the feet, from the front, and from the patient's left. */
export type Plane = 'axial' | 'coronal' | 'sagittal';

export type FileFormat = 'PNG' | 'JPEG' | 'WebP' | 'GIF' | 'BMP' | 'AVIF' | 'TIFF' | 'DICOM' | 'NIfTI';

export interface ImageFacts {
  format: FileFormat;
  /** Frames of a DICOM file, pages of a TIFF, or slices of a NIfTI volume along the chosen plane; else 1. */
  frames: number;
  /** The frame that is shown, from 0. */
  frame: number;
  /** The file is animated. If `frames` is 1, this browser can show the first frame only. */
  isAnimation?: boolean;
  /** [center, width] that was applied; null for colour and 8-bit images, and if a lookup table of the file was used. */
  window: [number, number] | null;
  /** Windows to offer, the file's own first. */
  presets: WindowPreset[];
  /** Unit of the grey values: HU for CT, else empty. */
  unit: string;
  /** Pixel height divided by pixel width. Pixels are shown and passed to the model as stored, never resampled. */
  pixelAspect: number;
  dicom?: DicomFacts;
  nifti?: NiftiFacts;
}

export interface DicomFacts {
  /** CT, MR, CR, …; empty if the file does not say. */
  modality: string;
  rows: number;
  columns: number;
  photometric: string;
  bitsStored: number;
  transferSyntax: { uid: string; name: string };
  /** The pixels have been compressed with loss, in this file or earlier. */
  isLossy: boolean;
  /** Whether, according to the file, text is burned into the pixels, where the model can read it as well. */
  burnedIn: 'yes' | 'no' | 'unknown';
  /** According to the file, the patient's identity was removed. */
  isDeidentified: boolean;
  /** Non-empty fields that may identify the patient. Values are included on request only. */
  identifying: IdentifyingField[];
}

export interface IdentifyingField {
  /** Name in the DICOM data dictionary. */
  name: string;
  value?: string;
}

export interface NiftiFacts {
  plane: Plane;
  /** Slices along each plane. */
  slices: Record<Plane, number>;
  volume: number;
  volumes: number;
  /** False: the file has no usable orientation, so the planes are named after the order of its axes. */
  isOriented: boolean;
}

/** Grey values of the shown frame in the unit of the image, for windowing in the page. */
export interface RawValues {
  values: Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
  /** Function of every window applied to the values, whether from the file or not. */
  shape: WindowFunction;
  /** The smallest value is shown white (MONOCHROME1). */
  isInverted: boolean;
}
