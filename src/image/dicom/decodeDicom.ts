/**
 * DICOM → 8-bit RGB: what a viewer would show. Only elements that pixels depend on are read for it; nothing about
 * the patient leaves this folder unless it is asked for (facts.ts). Runs in Node as well.
 */
import { RoundsError } from '../../shared/errors';
import type { DecodedImage, DecodeOptions } from '../decoded';
import { forgetful } from '../fileMemory';
import { type GreyImage, spreadGrey, toLevels, toRawValues } from '../grey';
import { fromPalette, renderColor } from './color';
import { readFacts, readPixelAspect } from './facts';
import { type DecodedFrame, readFrame } from './frame';
import { type DicomFile, parseDicom } from './parse';
import { type PixelFormat, readFormat } from './pixels';
import { chooseDisplay, displayFunction, listPresets, modalityScale, modalityUnit, paddingTest } from './voi';

/**
 * @param bytes the whole file
 * @throws RoundsError image_invalid (damaged), image_unsupported (transfer syntax, no pixels), image_too_large,
 *   request_invalid (no such frame, a window that is none), decoder_missing (a decoder that is loaded when needed)
 */
export async function decodeDicom(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  options: DecodeOptions = {},
): Promise<DecodedImage> {
  const { remember = forgetful } = options;
  // A deflated file is another array once it is parsed; others share the bytes.
  const file = await remember('dicom', bytes.length, () => parseDicom(bytes, name));
  const format = readFormat(file, name);
  const frame = options.frame ?? 0;
  if (!Number.isInteger(frame) || frame < 0 || frame >= format.frames) {
    throw new RoundsError(
      'request_invalid',
      `${name} has ${format.frames} frames, but frame ${frame} was asked.`,
    );
  }
  const decoded = await readFrame(file, format, frame, name);
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
    const data = colorOf(file, format, decoded, name);
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
    // MONOCHROME1 has its smallest value white; it is turned here and nowhere else.
    data: spreadGrey(toLevels(image, display), isInverted),
    facts: { ...common.facts, ...shown },
    ...(options.raw
      ? { raw: { values: toRawValues(image), shape: displayFunction(file, frame), isInverted } }
      : {}),
  };
}

function colorOf(file: DicomFile, format: PixelFormat, decoded: DecodedFrame, name: string) {
  return format.photometric === 'PALETTE COLOR'
    ? fromPalette(file, decoded.values, name)
    : renderColor(decoded);
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
