/** How a PNG picture lies: eXIf, else the text chunks in which editors keep EXIF data and XMP. The same that Pillow reads. */
import { exifOrientation, xmpOrientation } from '../exif';
import { inflateStart } from '../inflate';
import { isSoundChunk, walkChunks } from './chunks';

const TYPE = { eXIf: 0x65584966, tEXt: 0x74455874, zTXt: 0x7a545874, iTXt: 0x69545874 } as const;
const TEXTS: readonly number[] = [TYPE.tEXt, TYPE.zTXt, TYPE.iTXt];

/** EXIF data as hexadecimal digits, the way ImageMagick writes it. */
const PROFILE = 'Raw profile type exif';
const XMP = 'XML:com.adobe.xmp';
const KEYWORDS = [PROFILE, XMP].map((text) => ({ text, bytes: new TextEncoder().encode(`${text}\0`) }));
/** Of a text, once unpacked; like in Pillow. */
const MAX_TEXT_BYTES = 1024 * 1024;

interface Place {
  type: number;
  start: number;
  end: number;
}

/** @returns 1–8, as in EXIF. Damaged chunks say nothing; of several the last one counts */
export async function pngOrientation(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const found = new Map<string, Place>();
  walkChunks(bytes, (type, start, end) => {
    const key = type === TYPE.eXIf ? 'eXIf' : TEXTS.includes(type) ? keywordOf(bytes, start) : null;
    if (key !== null && isSoundChunk(bytes, start, end)) found.set(key, { type, start, end });
  });
  const exif = found.get('eXIf');
  const own = exif ? bytes.subarray(exif.start, exif.end) : await readProfile(bytes, found.get(PROFILE));
  const stated = own && exifOrientation(own);
  return stated ?? (await readXmp(bytes, found.get(XMP))) ?? 1;
}

/** Without a text for each chunk, because there may be millions. */
function keywordOf(bytes: Uint8Array, start: number): string | null {
  for (const keyword of KEYWORDS) {
    let i = 0;
    while (i < keyword.bytes.length && bytes[start + i] === keyword.bytes[i]) i++;
    if (i === keyword.bytes.length) return keyword.text;
  }
  return null;
}

/** Line breaks, the kind, its length, and then digits. */
async function readProfile(bytes: Uint8Array<ArrayBuffer>, place?: Place): Promise<Uint8Array | null> {
  const text = place && (await readText(bytes, place));
  if (!text) return null;
  const digits = new TextDecoder('latin1').decode(text).split('\n').slice(3).join('').replace(/\s/g, '');
  const exif = new Uint8Array(digits.length >> 1);
  for (let i = 0; i < exif.length; i++) exif[i] = Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16);
  return exif;
}

async function readXmp(bytes: Uint8Array<ArrayBuffer>, place?: Place): Promise<number | null> {
  const text = place && (await readText(bytes, place));
  return text ? xmpOrientation(text) : null;
}

/** What follows the keyword and, in the international form, language and translated keyword. */
async function readText(
  bytes: Uint8Array<ArrayBuffer>,
  { type, start, end }: Place,
): Promise<Uint8Array | null> {
  let at = bytes.indexOf(0, start) + 1;
  let isPacked = type === TYPE.zTXt;
  if (type === TYPE.zTXt) at += 1;
  if (type === TYPE.iTXt) {
    isPacked = bytes[at] === 1;
    at = bytes.indexOf(0, bytes.indexOf(0, at + 2) + 1) + 1;
  }
  const body = bytes.subarray(Math.min(at, end), end);
  if (!isPacked) return body.subarray(0, MAX_TEXT_BYTES);
  return inflateStart(body, 'deflate', MAX_TEXT_BYTES).catch(() => null);
}
