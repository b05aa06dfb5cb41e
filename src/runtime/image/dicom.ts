/**
 * DICOM → 8-bit RGB: what a viewer would show. Only elements that pixels depend on are read; nothing about
 * the patient leaves this folder. Runs in Node as well.
 */
import type { DataSet } from 'dicom-parser';
import type { RgbImage } from '../../engine/preprocess/resample';
import { RoundsError } from '../../shared/errors';
import { renderColor } from './dicomColor';
import { readFormat, readStored, type PixelFormat } from './dicomPixels';
import { chooseWindow, listPresets, type WindowPreset, windowToBytes } from './dicomWindow';
import { MAX_FILE_BYTES } from './dimensions';
import { ascii } from './sniff';

export interface DicomOptions {
  /** Zero-based. */
  frame?: number;
  /** [center, width] in units of the modality (HU for CT), instead of the file's own. */
  window?: [number, number];
}

export interface DicomInfo {
  frames: number;
  frame: number;
  /** [center, width] that was applied; null for colour images. */
  window: [number, number] | null;
  presets: WindowPreset[];
}

const IMPLICIT_LITTLE = '1.2.840.10008.1.2';
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';
const DEFLATED = '1.2.840.10008.1.2.1.99';
const EXPLICIT_BIG = '1.2.840.10008.1.2.2';
const READABLE = [IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED, EXPLICIT_BIG];

/** Compressed transfer syntaxes by prefix, for the message; PS3.6 table A-1. */
const COMPRESSED: [prefix: string, name: string][] = [
  ['1.2.840.10008.1.2.4.50', 'JPEG baseline'],
  ['1.2.840.10008.1.2.4.51', 'JPEG extended (12-bit)'],
  ['1.2.840.10008.1.2.4.57', 'lossless JPEG'],
  ['1.2.840.10008.1.2.4.70', 'lossless JPEG'],
  ['1.2.840.10008.1.2.4.80', 'JPEG-LS'],
  ['1.2.840.10008.1.2.4.81', 'JPEG-LS'],
  ['1.2.840.10008.1.2.4.9', 'JPEG 2000'],
  ['1.2.840.10008.1.2.4.10', 'MPEG video'],
  ['1.2.840.10008.1.2.4.11', 'JPEG XL'],
  ['1.2.840.10008.1.2.4.20', 'High-Throughput JPEG 2000'],
  ['1.2.840.10008.1.2.5', 'RLE'],
];

/** Inflated bytes of a deflated file: no more than any file may have, times what images compress to. */
const MAX_INFLATED_BYTES = 4 * MAX_FILE_BYTES;

/**
 * @param bytes the whole file
 * @throws RoundsError image_invalid (damaged), image_unsupported (compressed, no pixels), image_too_large,
 *   request_invalid (no such frame, a window that is none)
 */
export async function decodeDicom(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  options: DicomOptions = {},
): Promise<RgbImage & { dicom: DicomInfo }> {
  const data = await parse(bytes, name);
  const format = readFormat(data, name);
  const frame = options.frame ?? 0;
  if (!Number.isInteger(frame) || frame < 0 || frame >= format.frames) {
    throw new RoundsError(
      'request_invalid',
      `${name} has ${format.frames} frames, but frame ${frame} was asked.`,
    );
  }
  const stored = readStored(data, format, frame, name);
  const { columns: width, rows: height } = format;
  if (!format.photometric.startsWith('MONOCHROME')) {
    const rgb = renderColor(data, format, stored, name);
    return { width, height, data: rgb, dicom: { frames: format.frames, frame, window: null, presets: [] } };
  }
  const window = chooseWindow(data, format, stored, frame, options.window);
  const rgb = spreadGrey(windowToBytes(stored, window), format);
  const info = { frames: format.frames, frame, window: window.range, presets: listPresets(data, frame) };
  return { width, height, data: rgb, dicom: info };
}

/** MONOCHROME1 has its smallest value white; it is turned here and nowhere else. */
function spreadGrey(grey: Uint8Array, format: PixelFormat): Uint8Array<ArrayBuffer> {
  const flip = format.photometric === 'MONOCHROME1' ? 255 : 0;
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill((grey[i] ?? 0) ^ flip, i * 3, i * 3 + 3);
  return rgb;
}

async function parse(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<DataSet> {
  const parser = await loadParser();
  try {
    if (ascii(bytes, 128, 132) !== 'DICM')
      return parser.parseDicom(bytes, { TransferSyntaxUID: guessSyntax(bytes) });
    const meta = parser.readPart10Header(bytes) as DataSet & { position: number };
    const syntax = meta.string('x00020010');
    if (syntax === undefined) throw new Error('The file does not name its transfer syntax.');
    refuseCompressed(syntax, name);
    if (syntax !== DEFLATED) return parser.parseDicom(bytes);
    const inflated = await inflate(bytes.subarray(meta.position), name);
    return parser.parseDicom(inflated, { TransferSyntaxUID: EXPLICIT_LITTLE });
  } catch (error) {
    if (error instanceof RoundsError) throw error;
    throw new RoundsError('image_invalid', `${name} is a damaged or incomplete DICOM file.`, {
      cause: error,
    });
  }
}

/** For a data set without file meta information: explicit where the first element names its VR. */
function guessSyntax(bytes: Uint8Array): string {
  return /^[A-Z]{2}$/.test(ascii(bytes, 4, 6)) ? EXPLICIT_LITTLE : IMPLICIT_LITTLE;
}

type Parser = Pick<typeof import('dicom-parser'), 'parseDicom' | 'readPart10Header'>;

/** Loaded with the first DICOM file. A UMD bundle: some loaders put its names on `default` only. */
async function loadParser(): Promise<Parser> {
  const loaded: Partial<Parser> & { default?: Partial<Parser> } = await import('dicom-parser');
  const { parseDicom, readPart10Header } = loaded.parseDicom ? loaded : (loaded.default ?? {});
  if (!parseDicom || !readPart10Header) {
    throw new RoundsError('internal', 'The DICOM reader could not be loaded.');
  }
  return { parseDicom, readPart10Header };
}

function refuseCompressed(syntax: string, name: string): void {
  if (READABLE.includes(syntax)) return;
  const known = COMPRESSED.find(([prefix]) => syntax.startsWith(prefix));
  const kind = known ? `is compressed with ${known[1]}` : `has the unknown transfer syntax ${syntax}`;
  throw new RoundsError(
    'image_unsupported',
    `${name} ${kind}, which cannot be opened yet. Save it uncompressed (for example with dcmdjpeg or gdcmconv --raw) or as PNG.`,
  );
}

async function inflate(deflated: Uint8Array<ArrayBuffer>, name: string): Promise<Uint8Array> {
  const reader = new Blob([deflated])
    .stream()
    .pipeThrough(new DecompressionStream('deflate-raw'))
    .getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > MAX_INFLATED_BYTES) {
        throw new RoundsError('image_too_large', `${name} is too large when it is unpacked.`);
      }
      parts.push(value);
    }
  } catch (error) {
    // A padding byte behind the deflated stream is allowed (PS3.10 A.5) and an error to DecompressionStream.
    if (error instanceof RoundsError || size === 0) throw error;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
