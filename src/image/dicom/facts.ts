/** What a DICOM file says about itself that a viewer may show, and which of its fields tell who the patient is. */
import type { DataSet, Element } from 'dicom-parser';
import type { DicomFacts, IdentifyingField } from '../../shared/imageFacts';
import { decodeText } from './text';
import type { DicomFile } from './parse';
import type { PixelFormat } from './pixels';

/** After PS3.15 table E.1-1: what names, dates, places or numbers a person or a visit. */
const IDENTIFYING: [tag: string, name: string][] = [
  ['x00100010', 'Patient’s name'],
  ['x00100020', 'Patient ID'],
  ['x00100021', 'Issuer of patient ID'],
  ['x00100030', 'Patient’s birth date'],
  ['x00100032', 'Patient’s birth time'],
  ['x00100040', 'Patient’s sex'],
  ['x00101000', 'Other patient IDs'],
  ['x00101001', 'Other patient names'],
  ['x00101002', 'Other patient IDs'],
  ['x00101005', 'Patient’s birth name'],
  ['x00101010', 'Patient’s age'],
  ['x00101020', 'Patient’s size'],
  ['x00101030', 'Patient’s weight'],
  ['x00101040', 'Patient’s address'],
  ['x00101060', 'Patient’s mother’s birth name'],
  ['x00101090', 'Medical record locator'],
  ['x00102154', 'Patient’s telephone numbers'],
  ['x00102160', 'Ethnic group'],
  ['x00102180', 'Occupation'],
  ['x001021b0', 'Additional patient history'],
  ['x00104000', 'Patient comments'],
  ['x00080050', 'Accession number'],
  ['x00080080', 'Institution name'],
  ['x00080081', 'Institution address'],
  ['x00081040', 'Institutional department name'],
  ['x00080090', 'Referring physician’s name'],
  ['x00081048', 'Physicians of record'],
  ['x00081050', 'Performing physician’s name'],
  ['x00081060', 'Name of physicians reading study'],
  ['x00081070', 'Operators’ name'],
  ['x00321032', 'Requesting physician'],
  ['x00081010', 'Station name'],
  ['x00181000', 'Device serial number'],
  ['x00080020', 'Study date'],
  ['x00080021', 'Series date'],
  ['x00080022', 'Acquisition date'],
  ['x00080023', 'Content date'],
  ['x0008002a', 'Acquisition date and time'],
  ['x00081030', 'Study description'],
  ['x0008103e', 'Series description'],
  ['x00181030', 'Protocol name'],
  ['x00200010', 'Study ID'],
  ['x00204000', 'Image comments'],
  ['x00080018', 'SOP instance UID'],
  ['x0020000d', 'Study instance UID'],
  ['x0020000e', 'Series instance UID'],
  ['x00400275', 'Request attributes'],
];
/** Of a value that was asked for. */
const MAX_VALUE = 200;

/** @param withValues give the identifying fields' values, not their names alone */
export function readFacts({ data, syntax }: DicomFile, format: PixelFormat, withValues: boolean): DicomFacts {
  const text = (tag: string): string => (data.string(tag) ?? '').trim();
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
  const fields = IDENTIFYING.filter(([tag]) => isFilled(data, data.elements[tag])).map(([tag, name]) => ({
    name,
    ...(withValues && !data.elements[tag]?.items ? { value: decodeText(data, tag).slice(0, MAX_VALUE) } : {}),
  }));
  // Groups of odd number are the makers' own, and nobody knows what they hold.
  const hasPrivate = Object.keys(data.elements).some((tag) => parseInt(tag.slice(4, 5), 16) % 2 === 1);
  return hasPrivate ? [...fields, { name: 'Private elements of the device’s maker' }] : fields;
}

function isFilled(data: DataSet, element: Element | undefined): boolean {
  if (!element) return false;
  if (element.items) return element.items.length > 0;
  // Spaces and zero bytes only fill up.
  return data.byteArray
    .slice(element.dataOffset, element.dataOffset + element.length)
    .some((byte) => byte > 0x20);
}

/** Height over width of a pixel: Pixel Aspect Ratio, else one of the spacings (row first); 1 where none is given. */
export function readPixelAspect({ data }: DicomFile): number {
  const measures = data.elements.x52009229?.items?.[0]?.dataSet?.elements.x00289110?.items?.[0]?.dataSet;
  const candidates = [
    [data.intString('x00280034', 0), data.intString('x00280034', 1)],
    ...[data, measures].flatMap((source) =>
      ['x00280030', 'x00181164'].map((tag) => [source?.floatString(tag, 0), source?.floatString(tag, 1)]),
    ),
  ];
  const found = candidates.find(
    ([high, wide]) => high !== undefined && wide !== undefined && high > 0 && wide > 0,
  );
  return found ? found[0]! / found[1]! : 1;
}
