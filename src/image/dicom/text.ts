/** Text of DICOM elements in the character set that the file declares. PS3.3 C.12.1.1.2. */
import type { DataSet } from './dataSet';

/** Defined term → label of the Encoding Standard. Anything else is read as Latin-1. */
const LABELS: Record<string, string> = {
  'ISO_IR 192': 'utf-8',
  'ISO_IR 13': 'shift_jis',
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 148': 'windows-1254',
  'ISO_IR 166': 'windows-874',
  'ISO 2022 IR 87': 'iso-2022-jp',
  'ISO 2022 IR 149': 'euc-kr',
  'ISO 2022 IR 58': 'gb18030',
  GB18030: 'gb18030',
  GBK: 'gbk',
};

/** More isn't shown of any text. */
const MAX_BYTES = 4096;
const MAX_TERMS = 16;

/** The element's text without padding; empty if there is none. */
export function decodeText(data: DataSet, tag: string): string {
  const element = data.elements[tag];
  if (!element) return '';
  const bytes = element.value.subarray(0, MAX_BYTES);
  const terms = data.strings('x00080005', MAX_TERMS);
  const label = terms.map((term) => LABELS[term]).find((known) => known !== undefined) ?? 'latin1';
  return new TextDecoder(label).decode(bytes).replaceAll('\0', '').trim();
}
