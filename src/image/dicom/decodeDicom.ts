/**
 * DICOM → 8-bit RGB, as a viewer would show it. Values of fields about the patient leave this folder only on request
 * (facts.ts). Also runs in Node.
 */
import type { DecodedImage, DecodeOptions } from '../decoded';
import { forgetful } from '../fileMemory';
import { type GreyImage, toGreyRgb, toRawValues } from '../grey';
import { RoundsError } from '../../shared/errors';
import { invalidImage, missingPart } from '../imageError';
import { fromPalette, renderColor } from './color';
import { readFacts, readPixelAspect } from './facts';
import { type DecodedFrame, readFrame } from './frame';
import { type DicomFile, parseDicom } from './parse';
import { type PixelFormat, readFormat } from './pixels';
import { chooseDisplay, displayFunction, listPresets, modalityScale, modalityUnit, paddingTest } from './voi';

/** About what stays in memory of a Blob whose frames are read one by one. */
const KEPT_BYTES = 32 * 1024 * 1024;

/**
 * @param bytes the whole file; of a large Blob only the header and the frame are read
 * @throws RoundsError image_invalid, image_unsupported (transfer syntax, no pixels), image_too_large, request_invalid (no such
 *   frame, an unusable window), decoder_missing, out_of_memory. Nothing else.
 */
export async function decodeDicom(
  bytes: Blob | Uint8Array,
  options: DecodeOptions = {},
): Promise<DecodedImage> {
  try {
    return await decode(bytes, options);
  } catch (thrown) {
    throw toCoded(thrown);
  }
}

/** What the reader or a codec didn't expect of the bytes, as an error of images. */
function toCoded(thrown: unknown): RoundsError {
  if (thrown instanceof RoundsError) return thrown;
  const text = thrown instanceof Error ? thrown.message : '';
  if (thrown instanceof RangeError && /allocation|array length|memory/i.test(text)) {
    return new RoundsError(
      'out_of_memory',
      'there isn’t enough memory for the image; close other tabs first.',
      {
        cause: thrown,
      },
    );
  }
  return invalidImage('the DICOM data is damaged or incomplete', thrown);
}

async function decode(bytes: Blob | Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  const { remember = forgetful } = options;
  const size = bytes instanceof Blob ? Math.min(bytes.size, KEPT_BYTES) : bytes.length;
  const file = await remember('dicom', size, () => parseDicom(bytes));
  const format = readFormat(file);
  const frame = options.frame ?? 0;
  if (!Number.isInteger(frame) || frame < 0 || frame >= format.frames) {
    throw missingPart('frame', frame, format.frames);
  }
  const decoded = await readFrame(file, format, frame);
  const common = {
    width: format.columns,
    height: format.rows,
    facts: {
      format: 'DICOM' as const,
      frames: format.frames,
      frame,
      pixelAspect: readPixelAspect(file),
      dicom: readFacts(file, format, options.identity ?? false),
    },
  };
  if (!format.photometric.startsWith('MONOCHROME')) {
    const data = colorOf(file, format, decoded);
    return { ...common, data, facts: { ...common.facts, window: null, presets: [], unit: '' } };
  }
  const image = greyImage(file, format, decoded, frame);
  const display = chooseDisplay(file, image, frame, options.window);
  const isInverted = format.photometric === 'MONOCHROME1';
  const shown = {
    window: display.kind === 'window' ? display.range : null,
    presets: listPresets(file, frame),
    unit: modalityUnit(file),
  };
  return {
    ...common,
    // MONOCHROME1 shows its smallest value white. It's inverted here and nowhere else.
    data: toGreyRgb(image, display, isInverted),
    facts: { ...common.facts, ...shown },
    ...(options.raw
      ? { raw: { values: toRawValues(image), shape: displayFunction(file, image, frame), isInverted } }
      : {}),
  };
}

function colorOf(file: DicomFile, format: PixelFormat, decoded: DecodedFrame) {
  return format.photometric === 'PALETTE COLOR' ? fromPalette(file, decoded.values) : renderColor(decoded);
}

function greyImage(file: DicomFile, format: PixelFormat, { values }: DecodedFrame, frame: number): GreyImage {
  return {
    width: format.columns,
    height: format.rows,
    stored: values,
    scale: modalityScale(file, format, frame),
    isPadding: paddingTest(file, format),
  };
}
