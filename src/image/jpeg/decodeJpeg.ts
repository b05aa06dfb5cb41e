/**
 * JPEG inside DICOM files: sequential with 8 or 12 bits (processes 1, 2 and 4) and lossless with 2–16 bits (process 14),
 * Huffman coded. Unlike a browser's decoder, it returns the components as they were coded, with all their bits, and the same
 * values everywhere; DICOM defines what they mean. Samples equal those of libjpeg.
 */
import { invalidImage, unsupportedImage } from '../imageError';
import { JpegError, JpegUnsupportedError } from './bits';
import { type Frame, readFrame, readHuffman, readQuantization, type Tables } from './frame';
import { decodeScan } from './scan';
import { upsample } from './upsample';

export interface JpegSamples {
  precision: number;
  /** Components interleaved, rows from top to bottom. */
  values: Uint8Array | Uint16Array;
  components: number;
  /** Identifiers of the components; some writers use the letters R, G, B. */
  ids: number[];
  /** The transform of an Adobe marker: 0 none, 1 YCbCr, 2 YCCK; null without the marker. */
  adobeTransform: number | null;
  hasJfif: boolean;
}

/**
 * @param size as the enclosing file declares it; a JPEG of another size is refused before it is unpacked
 * @throws RoundsError image_invalid (damaged, another size), image_unsupported (progressive, arithmetic, hierarchical)
 */
export function decodeJpeg(bytes: Uint8Array, size: { width: number; height: number }): JpegSamples {
  try {
    return new Decoder(bytes, size).decode();
  } catch (error) {
    throw toRoundsError(error);
  }
}

function toRoundsError(error: unknown): unknown {
  if (error instanceof JpegUnsupportedError) {
    return unsupportedImage(error.message, 'save the file uncompressed or as PNG');
  }
  if (error instanceof JpegError)
    return invalidImage(`the JPEG data can’t be decoded: ${error.message}`, error);
  // A read past the end.
  if (error instanceof RangeError)
    return invalidImage('the JPEG data can’t be decoded: it ends early', error);
  return error;
}

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #size: { width: number; height: number };
  readonly #tables: Tables = { quantization: [], dc: [], ac: [], restartInterval: 0 };
  #frame: Frame | null = null;
  #adobeTransform: number | null = null;
  #hasJfif = false;
  readonly #decoded = new Set<number>();

  constructor(bytes: Uint8Array, size: { width: number; height: number }) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#size = size;
  }

  decode(): JpegSamples {
    if (this.#view.getUint16(0) !== 0xffd8) throw new JpegError('its first marker is missing');
    let at = 2;
    while (!this.#isComplete()) at = this.#segment(at);
    if (!this.#frame) throw new JpegError('it has no frame header');
    const { components, precision } = this.#frame;
    return {
      precision,
      values: interleave(this.#frame),
      components: components.length,
      ids: components.map(({ id }) => id),
      adobeTransform: this.#adobeTransform,
      hasJfif: this.#hasJfif,
    };
  }

  #isComplete(): boolean {
    return this.#frame !== null && this.#frame.components.every(({ id }) => this.#decoded.has(id));
  }

  /** Reads the segment at `at` and, after SOS, its coded bytes. @returns where the next segment starts */
  #segment(at: number): number {
    const view = this.#view;
    if (view.getUint8(at) !== 0xff) throw new JpegError('a marker is missing');
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) return at + 1;
    if (marker === 0xd9) throw new JpegError('it ends early');
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) return at + 2;
    const length = view.getUint16(at + 2);
    if (length < 2) throw new JpegError('the length of a segment is invalid');
    const body = new DataView(view.buffer, view.byteOffset + at + 4, length - 2);
    const end = at + 2 + length;
    if (marker === 0xda) return this.#scan(body, end);
    this.#header(marker, body);
    return end;
  }

  #header(marker: number, body: DataView): void {
    if (marker === 0xdb) readQuantization(body, this.#tables);
    else if (marker === 0xc4) readHuffman(body, this.#tables);
    else if (marker === 0xdd) this.#tables.restartInterval = body.getUint16(0);
    else if (marker === 0xe0) this.#hasJfif ||= startsWith(body, 'JFIF');
    else if (marker === 0xee && startsWith(body, 'Adobe')) this.#adobeTransform = body.getUint8(11);
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc) {
      if (this.#frame) throw new JpegError('it has two frame headers');
      this.#frame = readFrame(marker, body, this.#size);
    }
  }

  #scan(body: DataView, start: number): number {
    if (!this.#frame) throw new JpegError('a scan comes before the frame header');
    const ids = Array.from({ length: body.getUint8(0) }, (_, i) => body.getUint8(1 + i * 2));
    // Each scan costs as much as the picture, and sequential coding has one for each component.
    if (ids.some((id) => this.#decoded.has(id))) throw new JpegError('it has two scans of a component');
    const end = decodeScan(this.#bytes, body, start, this.#frame, this.#tables);
    for (const id of ids) this.#decoded.add(id);
    return end;
  }
}

function startsWith(body: DataView, text: string): boolean {
  return (
    body.byteLength >= text.length && [...text].every((sign, i) => body.getUint8(i) === sign.charCodeAt(0))
  );
}

function interleave({ components, width, height, maxH, maxV }: Frame): Uint8Array | Uint16Array {
  const planes = components.map(({ plane, h, v }) =>
    plane.stride === width && h === maxH && v === maxV
      ? plane.samples
      : upsample(plane, maxH / h, maxV / v, width, height),
  );
  const [first] = planes;
  if (planes.length === 1 && first) return first.subarray(0, width * height);
  const length = width * height * planes.length;
  const values = first instanceof Uint8Array ? new Uint8Array(length) : new Uint16Array(length);
  for (const [channel, plane] of planes.entries()) {
    for (let i = 0; i < width * height; i++) values[i * planes.length + channel] = plane[i]!;
  }
  return values;
}
