/** What the page may know and show of an image file beside its pixels. Nothing here tells who the patient is. */

/** Window functions of DICOM (PS3.3 C.11.2.1); LINEAR_EXACT is also how images that are not DICOM are windowed. */
export type WindowFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

export interface WindowPreset {
  name: string;
  /** [center, width] in the unit of the image. */
  window: [number, number];
}

/** Planes through a volume: seen from the feet, from the front, from the patient's left. */
export type Plane = 'axial' | 'coronal' | 'sagittal';

export type FileFormat = 'PNG' | 'JPEG' | 'WebP' | 'GIF' | 'BMP' | 'AVIF' | 'TIFF' | 'DICOM' | 'NIfTI';

export interface ImageFacts {
  format: FileFormat;
  /** Frames of a DICOM file, pages of a TIFF, slices of a NIfTI volume along the chosen plane; 1 for all others. */
  frames: number;
  /** The one that is shown, from 0. */
  frame: number;
  /** The file moves. Where `frames` is 1, this browser can show the first picture only. */
  isAnimation?: boolean;
  /** [center, width] that was applied; null for colour, for images of 8 bits, and where a table of the file was. */
  window: [number, number] | null;
  /** Windows to offer, the file's own first. */
  presets: WindowPreset[];
  /** What grey values count: HU for CT, else empty. */
  unit: string;
  /** Height of a pixel over its width. Pixels are shown and given to the model as they are stored, never resampled. */
  pixelAspect: number;
  dicom?: DicomFacts;
  nifti?: NiftiFacts;
}

export interface DicomFacts {
  /** CT, MR, CR, …; empty where the file does not say. */
  modality: string;
  rows: number;
  columns: number;
  photometric: string;
  bitsStored: number;
  transferSyntax: { uid: string; name: string };
  /** The pixels were compressed with loss, here or before. */
  isLossy: boolean;
  /** Whether the file says that text stands in the pixels, where the model reads it too. */
  burnedIn: 'yes' | 'no' | 'unknown';
  /** The file says that its patient’s identity was removed. */
  isDeidentified: boolean;
  /** Fields that may tell who the patient is and are not empty. Values only where they were asked for. */
  identifying: IdentifyingField[];
}

export interface IdentifyingField {
  /** As the standard's dictionary calls it, in words. */
  name: string;
  value?: string;
}

export interface NiftiFacts {
  plane: Plane;
  /** Slices along each plane. */
  slices: Record<Plane, number>;
  volume: number;
  volumes: number;
  /** False: the file has no usable orientation, so the planes are named by the order of its axes only. */
  isOriented: boolean;
}

/** Grey values of the shown frame in the unit of the image, for a page that applies windows itself. */
export interface RawValues {
  values: Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
  /** Function of every window that is laid over the values, the file's own and others. */
  shape: WindowFunction;
  /** The smallest value is white (MONOCHROME1). */
  isInverted: boolean;
}
