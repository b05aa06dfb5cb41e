/**
 * What the worker tells the page about an image file besides its pixels. Nothing here identifies the patient unless it was
 * requested. Sentences never cross: remarks are codes with parameters, which the page words in the visitor's language.
 */

/** width × height RGB pixels of 3 bytes, rows from top to bottom. */
export interface RgbPixels {
  width: number;
  height: number;
  data: Uint8Array<ArrayBuffer>;
}

/** An image of a question for the engine, by its content. */
export interface SourceImage extends Omit<RgbPixels, 'data'> {
  /** Null if the engine has them, or what it made of them. */
  data: RgbPixels['data'] | null;
  /** Of the pixels; computed from them if absent. */
  sha256?: string;
}

/** Window functions of DICOM (PS3.3 C.11.2.1). Images of other formats use LINEAR_EXACT. */
export type WindowFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

/** How a window is called. `file_text` is the file's own label, `file` its n-th window without one, counted from 1. */
export type WindowLabel =
  | { code: 'full_range' | 'quantiles' | 'soft_tissue' | 'lung' | 'bone' | 'brain' }
  | { code: 'file'; params: { number: number } }
  | { code: 'file_text'; params: { text: string } };

export interface WindowPreset {
  label: WindowLabel;
  /** [center, width] in the unit of the image. */
  window: [number, number];
}

/** Planes through a volume, seen from the feet, from the front, and from the patient's left. */
export type Plane = 'axial' | 'coronal' | 'sagittal';

export type FileFormat = 'PNG' | 'JPEG' | 'WebP' | 'GIF' | 'BMP' | 'AVIF' | 'TIFF' | 'DICOM' | 'NIfTI';

export interface ImageFacts {
  format: FileFormat;
  /** Frames of a DICOM file, pages of a TIFF, slices of a NIfTI volume along the chosen plane; 1 for all others. */
  frames: number;
  /** The one that is shown, from 0. */
  frame: number;
  /** The file is an animation. If `frames` is 1, this browser can show its first frame only. */
  isAnimation?: boolean;
  /** [center, width] that was applied; null for colour, for images of 8 bits, and if a lookup table of the file was applied. */
  window: [number, number] | null;
  /** Windows to offer, the file's own first. */
  presets: WindowPreset[];
  /** Unit of the grey values: HU for CT, else what the file declares, or empty. */
  unit: string;
  /** Height of a pixel divided by its width. Pixels are shown and given to the model as stored, never resampled. */
  pixelAspect: number;
  /** The values use far fewer bits than the file stores (12 of 16, for example) and are shown over the range that they use. */
  usedBits?: UsedBits;
  dicom?: DicomFacts;
  nifti?: NiftiFacts;
}

export interface UsedBits {
  used: number;
  /** Bits of each value in the file. */
  stored: number;
}

export interface DicomFacts {
  /** CT, MR, CR, …; empty if the file doesn't say. */
  modality: string;
  rows: number;
  columns: number;
  photometric: string;
  bitsStored: number;
  transferSyntax: { uid: string; name: string };
  /** The pixels were compressed with loss, in this file or before. */
  isLossy: boolean;
  /** Whether the file says that the pixels contain text, which the model can read too. */
  burnedIn: 'yes' | 'no' | 'unknown';
  /** The file says that the patient's identity was removed. */
  isDeidentified: boolean;
  /** Fields that may identify the patient and aren't empty. */
  identifying: IdentifyingField[];
}

/** DICOM keywords of the fields that may identify the patient, after PS3.15 table E.1-1; and all private elements as one. */
export const IDENTIFYING_CODES = [
  'PatientName',
  'PatientID',
  'IssuerOfPatientID',
  'PatientBirthDate',
  'PatientBirthTime',
  'PatientSex',
  'OtherPatientIDs',
  'OtherPatientNames',
  'OtherPatientIDsSequence',
  'PatientBirthName',
  'PatientAge',
  'PatientSize',
  'PatientWeight',
  'PatientAddress',
  'PatientMotherBirthName',
  'MedicalRecordLocator',
  'PatientTelephoneNumbers',
  'EthnicGroup',
  'Occupation',
  'AdditionalPatientHistory',
  'PatientComments',
  'AccessionNumber',
  'InstitutionName',
  'InstitutionAddress',
  'InstitutionalDepartmentName',
  'ReferringPhysicianName',
  'PhysiciansOfRecord',
  'PerformingPhysicianName',
  'NameOfPhysiciansReadingStudy',
  'OperatorsName',
  'RequestingPhysician',
  'StationName',
  'DeviceSerialNumber',
  'StudyDate',
  'SeriesDate',
  'AcquisitionDate',
  'ContentDate',
  'AcquisitionDateTime',
  'StudyDescription',
  'SeriesDescription',
  'ProtocolName',
  'StudyID',
  'ImageComments',
  'SOPInstanceUID',
  'StudyInstanceUID',
  'SeriesInstanceUID',
  'RequestAttributesSequence',
  'PrivateElements',
] as const;

export type IdentifyingCode = (typeof IDENTIFYING_CODES)[number];

export interface IdentifyingField {
  code: IdentifyingCode;
  /** As it is in the file; only on request. */
  value?: string;
}

export interface NiftiFacts {
  plane: Plane;
  /** Slices along each plane. */
  slices: Record<Plane, number>;
  volume: number;
  volumes: number;
  /** False: the file has no usable orientation, so planes are named by the order of its axes. */
  isOriented: boolean;
}

/** Grey values of the shown frame in the unit of the image, so that the page can apply windows itself. */
export interface RawValues {
  values: Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
  /** Function of every window that is applied to the values, the file's own and others. */
  shape: WindowFunction;
  /** The smallest value is white (MONOCHROME1). */
  isInverted: boolean;
}
