/** What a viewer may show of a DICOM header, and which of its fields may identify the patient. */
import type { DicomFacts, IdentifyingCode, IdentifyingField } from '../../shared/imageFacts';
import type { DataSet, DicomElement } from './dataSet';
import { decodeText } from './text';
import type { DicomFile } from './parse';
import type { PixelFormat } from './pixels';

/** Tags of the fields, in the order that the page lists them. */
const TAGS: Record<Exclude<IdentifyingCode, 'PrivateElements'>, string> = {
  PatientName: 'x00100010',
  PatientID: 'x00100020',
  IssuerOfPatientID: 'x00100021',
  PatientBirthDate: 'x00100030',
  PatientBirthTime: 'x00100032',
  PatientSex: 'x00100040',
  OtherPatientIDs: 'x00101000',
  OtherPatientNames: 'x00101001',
  OtherPatientIDsSequence: 'x00101002',
  PatientBirthName: 'x00101005',
  PatientAge: 'x00101010',
  PatientSize: 'x00101020',
  PatientWeight: 'x00101030',
  PatientAddress: 'x00101040',
  PatientMotherBirthName: 'x00101060',
  MedicalRecordLocator: 'x00101090',
  PatientTelephoneNumbers: 'x00102154',
  EthnicGroup: 'x00102160',
  Occupation: 'x00102180',
  AdditionalPatientHistory: 'x001021b0',
  PatientComments: 'x00104000',
  AccessionNumber: 'x00080050',
  InstitutionName: 'x00080080',
  InstitutionAddress: 'x00080081',
  InstitutionalDepartmentName: 'x00081040',
  ReferringPhysicianName: 'x00080090',
  PhysiciansOfRecord: 'x00081048',
  PerformingPhysicianName: 'x00081050',
  NameOfPhysiciansReadingStudy: 'x00081060',
  OperatorsName: 'x00081070',
  RequestingPhysician: 'x00321032',
  StationName: 'x00081010',
  DeviceSerialNumber: 'x00181000',
  StudyDate: 'x00080020',
  SeriesDate: 'x00080021',
  AcquisitionDate: 'x00080022',
  ContentDate: 'x00080023',
  AcquisitionDateTime: 'x0008002a',
  StudyDescription: 'x00081030',
  SeriesDescription: 'x0008103e',
  ProtocolName: 'x00181030',
  StudyID: 'x00200010',
  ImageComments: 'x00204000',
  SOPInstanceUID: 'x00080018',
  StudyInstanceUID: 'x0020000d',
  SeriesInstanceUID: 'x0020000e',
  RequestAttributesSequence: 'x00400275',
};
/** Characters of a value that was requested. */
const MAX_VALUE = 200;

/** @param withValues returns the values of the identifying fields as well */
export function readFacts({ data, syntax }: DicomFile, format: PixelFormat, withValues: boolean): DicomFacts {
  const text = (tag: string): string => data.string(tag) ?? '';
  const burnedIn = text('x00280301');
  return {
    modality: text('x00080060').slice(0, 16),
    rows: format.rows,
    columns: format.columns,
    photometric: format.photometric,
    bitsStored: format.bitsStored,
    transferSyntax: { uid: syntax.uid, name: syntax.name },
    isLossy: syntax.isLossy || text('x00282110') === '01',
    burnedIn: burnedIn === 'YES' ? 'yes' : burnedIn === 'NO' ? 'no' : 'unknown',
    isDeidentified: text('x00120062') === 'YES',
    identifying: identifyingFields(data, withValues),
  };
}

function identifyingFields(data: DataSet, withValues: boolean): IdentifyingField[] {
  const filled = Object.entries(TAGS).filter(([, tag]) => isFilled(data.elements[tag]));
  const fields = filled.map(([code, tag]): IdentifyingField => ({
    code: code as IdentifyingCode,
    ...(withValues && !data.elements[tag]?.items ? { value: decodeText(data, tag).slice(0, MAX_VALUE) } : {}),
  }));
  // Groups with an odd number are defined by manufacturers and may hold anything.
  const hasPrivate = Object.keys(data.elements).some((tag) => parseInt(tag.slice(4, 5), 16) % 2 === 1);
  return hasPrivate ? [...fields, { code: 'PrivateElements' }] : fields;
}

function isFilled(element: DicomElement | undefined): boolean {
  if (!element) return false;
  if (element.items) return element.items.length > 0;
  // A value that's too long to be kept.
  if (element.value.length < element.length) return true;
  // Spaces and zero bytes are padding.
  return element.value.some((byte) => byte > 0x20);
}

/** Height of a pixel divided by its width: Pixel Aspect Ratio, else one of the spacings (row first), else 1. */
export function readPixelAspect({ data }: DicomFile): number {
  const measures = data.elements.x52009229?.items?.[0]?.elements.x00289110?.items?.[0];
  const candidates = [
    data.numbers('x00280034', 2),
    ...[data, measures].flatMap((source) =>
      ['x00280030', 'x00181164'].map((tag) => source?.numbers(tag, 2) ?? []),
    ),
  ];
  const found = candidates.find(
    ([high, wide]) => high !== undefined && wide !== undefined && isLength(high) && isLength(wide),
  );
  return found ? found[0]! / found[1]! : 1;
}

function isLength(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}
