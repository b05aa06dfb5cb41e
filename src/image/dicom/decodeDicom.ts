/**
 * DICOM → 8-bit RGB, as a viewer would show it. Values of fields about the patient leave this folder only on request
 * (facts.ts). Also runs in Node.
 */
import type { DecodedImage, DecodeOptions } from '../decoded';
import { forgetful } from '../fileMemory';
import { type GreyImage, spreadGrey, toLevels, toRawValues } from '../grey';
import { missingPart } from '../imageError';
import { fromPalette, renderColor } from './color';
import { readFacts, readPixelAspect } from './facts';
import { type DecodedFrame, readFrame } from './frame';
import { type DicomFile, parseDicom } from './parse';
import { type PixelFormat, readFormat } from './pixels';
import { chooseDisplay, displayFunction, listPresets, modalityScale, modalityUnit, paddingTest } from './voi';

/**
 * @param bytes the whole file
 * @throws RoundsError image_invalid, image_unsupported (transfer syntax, no pixels), image_too_large, request_invalid (no such
 *   frame, an unusable window), decoder_missing
 */
export async function decodeDicom(
  bytes: Uint8Array<ArrayBuffer>,
  options: DecodeOptions = {},
): Promise<DecodedImage> {
  const { remember = forgetful } = options;
  // A deflated file has an array of its own once parsed; others share the bytes.
  const file = await remember('dicom', bytes.length, () => parseDicom(bytes));
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
    data: spreadGrey(toLevels(image, display), isInverted),
    facts: { ...common.facts, ...shown },
    ...(options.raw
      ? { raw: { values: toRawValues(image), shape: displayFunction(file, frame), isInverted } }
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
