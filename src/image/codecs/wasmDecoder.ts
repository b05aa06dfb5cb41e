/** JPEG 2000 (OpenJPEG), loaded with the first image that needs it. */
import type { Samples } from '../grey';
import { invalidImage, unsupportedImage } from '../imageError';
import { readJpeg2000Header, type CodedHeader } from './headers';
import { loadModule, type WasmDecoder } from './wasmModule';

export interface DecodedSamples {
  /** Components interleaved; signed if the coded image says so. */
  values: Samples;
  bits: number;
  isSigned: boolean;
  components: number;
  ids: number[];
}

/** Output of the decoders, where they report some errors. */
const lines: string[] = [];
const log = (line: string): void => void lines.push(line);

let openjpeg: Promise<{ J2KDecoder: new () => WasmDecoder }> | null = null;

/**
 * JPEG 2000, also High-Throughput, with the colour transforms to RGB applied.
 *
 * @param size as the enclosing file declares it; an image of another size is refused before it is unpacked
 * @throws RoundsError image_invalid, image_unsupported, decoder_missing
 */
export async function decodeJpeg2000(coded: Uint8Array, size: Size): Promise<DecodedSamples> {
  const header = checkHeader(readJpeg2000Header(coded), size, 'JPEG 2000');
  openjpeg ??= loadModule(
    () => import('@cornerstonejs/codec-openjpeg/decodewasmjs'),
    async () => (await import('./assets')).CODEC_ASSETS.openjpeg,
    log,
  );
  const { J2KDecoder } = await openjpeg.catch((error: unknown) => {
    openjpeg = null;
    throw error;
  });
  const decode = (bytes: Uint8Array, kind: CodedHeader): DecodedSamples =>
    run(new J2KDecoder(), bytes, kind, 'JPEG 2000', () => {
      openjpeg = null;
    });
  const stream = coded.subarray(header.start);
  return header.isSigned && header.bits <= 8
    ? decodeSignedBytes(stream, header, decode)
    : decode(stream, header);
}

/**
 * The decoder as it is published turns negative values of up to 8 bits into 0. As unsigned ones the same values come out with
 * half of their range added, because the sign is nothing else in the codestream (ISO/IEC 15444-1 G.1).
 */
function decodeSignedBytes(
  stream: Uint8Array,
  header: CodedHeader,
  decode: (bytes: Uint8Array, kind: CodedHeader) => DecodedSamples,
): DecodedSamples {
  const unsigned = stream.slice();
  for (let i = 0; i < header.components; i++) unsigned[DEPTHS_AT + 3 * i]! &= 127;
  const decoded = decode(unsigned, { ...header, isSigned: false });
  const half = 2 ** (header.bits - 1);
  const values = new Int8Array(decoded.values.length);
  for (let i = 0; i < values.length; i++) values[i] = decoded.values[i]! - half;
  return { ...decoded, values, isSigned: true };
}

/** Of the depth and sign of the first component (SIZ) in a codestream; three bytes for each component. */
const DEPTHS_AT = 42;

interface Size {
  width: number;
  height: number;
  /** Colour channels: a coded image of 16,000 would fill the memory. */
  components: number;
}

function checkHeader(header: CodedHeader | null, size: Size, kind: string): CodedHeader {
  if (!header) throw invalidImage(`the ${kind} header is missing or damaged`);
  if (header.width !== size.width || header.height !== size.height) {
    const found = `${header.width}×${header.height} instead of ${size.width}×${size.height} pixels`;
    throw invalidImage(`the ${kind} data has ${found}`);
  }
  if (header.components !== size.components) {
    throw invalidImage('the header and the pixel data disagree about the number of colour channels');
  }
  if (header.bits > 16) {
    throw unsupportedImage(`${kind} data of ${header.bits} bits can’t be opened, only up to 16`);
  }
  return header;
}

/**
 * @param drop discards the module, whose memory can't be trusted after it has aborted
 */
function run(
  decoder: WasmDecoder,
  coded: Uint8Array,
  header: CodedHeader,
  kind: string,
  drop: () => void,
): DecodedSamples {
  lines.length = 0;
  try {
    decoder.getEncodedBuffer(coded.length).set(coded);
    decoder.decode();
    const { width, height, componentCount: components } = decoder.getFrameInfo();
    const bytes = decoder.getDecodedBuffer().slice();
    const count = header.width * header.height * header.components;
    const isComplete = width === header.width && height === header.height && components === header.components;
    if (
      !isComplete ||
      bytes.length !== count * (header.bits > 8 ? 2 : 1) ||
      lines.some((line) => line.includes('[ERROR]'))
    ) {
      throw new Error(lines.join(' ') || 'The decoded image is incomplete.');
    }
    const { bits, isSigned, ids } = header;
    return { values: viewSamples(bytes, bits, isSigned), bits, isSigned, components, ids };
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) drop();
    throw invalidImage(`the ${kind} data is damaged`, error);
  } finally {
    decoder.delete();
  }
}

function viewSamples({ buffer }: Uint8Array, bits: number, isSigned: boolean): Samples {
  if (bits <= 8) return isSigned ? new Int8Array(buffer) : new Uint8Array(buffer);
  return isSigned ? new Int16Array(buffer) : new Uint16Array(buffer);
}
