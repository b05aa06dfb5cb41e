/**
 * JPEG-LS inside DICOM files, lossless and near-lossless, 2–16 bits (ISO/IEC 14495-1). Our own decoder, because CharLS as it is
 * published for browsers never ends on some damaged data. Each step here reads bits of the file or ends a line.
 */
import { invalidImage, unsupportedImage } from '../imageError';
import { JpegError, JpegUnsupportedError } from '../jpeg/bits';
import { LsBitReader } from './bits';
import { withDefaults } from './contexts';
import { decodeScan } from './scan';

export interface JpegLsSamples {
  /** Components interleaved, rows from top to bottom. */
  values: Uint8Array | Uint16Array;
  bits: number;
  components: number;
  ids: number[];
}

/** What the enclosing file declares; an image of another size is refused before it is unpacked. */
interface Size {
  width: number;
  height: number;
  components: number;
}

/** @throws RoundsError image_invalid (damaged, another size), image_unsupported (mapping tables, restarts, colour transforms) */
export function decodeJpegLs(coded: Uint8Array, size: Size): JpegLsSamples {
  try {
    return new Decoder(coded, size).decode();
  } catch (error) {
    if (error instanceof JpegUnsupportedError) {
      throw unsupportedImage(error.message, 'save the file uncompressed or as PNG');
    }
    if (error instanceof JpegError)
      throw invalidImage(`the JPEG-LS data is damaged: ${error.message}`, error);
    // A read past the end of a header.
    if (error instanceof RangeError) throw invalidImage('the JPEG-LS data is damaged: it ends early', error);
    throw error;
  }
}

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #size: Size;
  #bits = 0;
  #ids: number[] = [];
  #values: Uint8Array | Uint16Array = new Uint8Array();
  /** MAXVAL, T1, T2, T3, RESET of the last LSE segment. */
  #parameters: number[] = [];
  readonly #decoded = new Set<number>();

  constructor(bytes: Uint8Array, size: Size) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#size = size;
  }

  decode(): JpegLsSamples {
    if (this.#view.getUint16(0) !== 0xffd8) throw new JpegError('its first marker is missing');
    let at = 2;
    while (this.#ids.length === 0 || this.#decoded.size < this.#ids.length) at = this.#segment(at);
    return { values: this.#values, bits: this.#bits, components: this.#ids.length, ids: this.#ids };
  }

  #segment(at: number): number {
    const view = this.#view;
    if (view.getUint8(at) !== 0xff) throw new JpegError('a marker is missing');
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) return at + 1;
    if (marker === 0xd9) throw new JpegError('it ends early');
    const length = view.getUint16(at + 2);
    if (length < 2) throw new JpegError('the length of a segment is invalid');
    const end = at + 2 + length;
    const body = new DataView(view.buffer, view.byteOffset + at + 4, length - 2);
    if (marker === 0xda) return this.#scan(body, end);
    if (marker === 0xf7) this.#frame(body);
    else if (marker === 0xf8) this.#preset(body);
    else if (marker === 0xdd && body.getUint8(body.byteLength - 1) !== 0) {
      throw new JpegUnsupportedError('JPEG-LS with restarts can’t be opened');
    } else if (marker === 0xe8 && this.#isTransform(body)) {
      throw new JpegUnsupportedError('JPEG-LS with a colour transform can’t be opened');
    }
    return end;
  }

  /** HP's extension: "mrfx" and the kind of the transform. */
  #isTransform(body: DataView): boolean {
    return body.byteLength >= 5 && body.getUint32(0) === 0x6d726678 && body.getUint8(4) !== 0;
  }

  #frame(body: DataView): void {
    if (this.#ids.length > 0) throw new JpegError('it has two frame headers');
    const [bits, height, width, count] = [
      body.getUint8(0),
      body.getUint16(1),
      body.getUint16(3),
      body.getUint8(5),
    ];
    const { size } = { size: this.#size };
    if (width !== size.width || height !== size.height) {
      throw new JpegError(`it has ${width}×${height} instead of ${size.width}×${size.height} pixels`);
    }
    if (count !== size.components) {
      throw new JpegError('it and the header disagree about the number of colour channels');
    }
    if (bits < 2 || bits > 16) throw new JpegError(`it has ${bits} bits`);
    this.#bits = bits;
    this.#ids = Array.from({ length: count }, (_, i) => body.getUint8(6 + i * 3));
    for (let i = 0; i < count; i++) {
      if (body.getUint8(7 + i * 3) !== 0x11)
        throw new JpegUnsupportedError('JPEG-LS with subsampling can’t be opened');
    }
    const length = width * height * count;
    this.#values = bits > 8 ? new Uint16Array(length) : new Uint8Array(length);
  }

  #preset(body: DataView): void {
    if (body.getUint8(0) !== 1) throw new JpegUnsupportedError('JPEG-LS with mapping tables can’t be opened');
    this.#parameters = [1, 3, 5, 7, 9].map((at) => body.getUint16(at));
    const [maxValue = 0, first = 0, second = 0, third = 0] = this.#parameters;
    const thresholds = [first, second, third].filter((threshold) => threshold > 0);
    const isSound = thresholds.every((threshold, i) => i === 0 || threshold >= thresholds[i - 1]!);
    if (!isSound || (this.#bits > 0 && maxValue >= 2 ** this.#bits))
      throw new JpegError('its parameters are invalid');
  }

  #scan(body: DataView, start: number): number {
    const count = body.getUint8(0);
    const channels = Array.from({ length: count }, (_, i) => this.#ids.indexOf(body.getUint8(1 + i * 2)));
    if (count === 0 || channels.some((channel) => channel < 0 || this.#decoded.has(channel))) {
      throw new JpegError('the components of a scan are invalid');
    }
    const [near, interleaving] = [body.getUint8(1 + count * 2), body.getUint8(2 + count * 2)];
    if (interleaving > 2 || (interleaving === 0 && count > 1))
      throw new JpegError('its interleaving is invalid');
    const parameters = withDefaults(this.#bits, near, this.#parameters);
    if (parameters.maxValue >= 2 ** this.#bits || near > parameters.maxValue / 2) {
      throw new JpegError('its parameters are invalid');
    }
    const reader = new LsBitReader(this.#bytes, start);
    const { width, height, components } = this.#size;
    const isBySample = interleaving === 2;
    decodeScan(reader, { width, height, components, channels, parameters, isBySample }, this.#values);
    for (const channel of channels) this.#decoded.add(channel);
    return this.#nextMarker(reader.position);
  }

  #nextMarker(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    while (at < bytes.length && !(bytes[at] === 0xff && (bytes[at + 1] ?? 0) >= 0x80)) at++;
    return at;
  }
}
