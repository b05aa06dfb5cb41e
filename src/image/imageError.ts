/**
 * What decoders throw. Their messages don't name the file: they are clauses that begin in lower case ("the DICOM header ends
 * early; save or export the file again."), and `decodeImage` puts the file's name before them, once.
 */
import { RoundsError } from '../shared/errors';

/**
 * @param problem a clause without a full stop: "the palette is incomplete"
 * @returns an `image_invalid` that also says what helps
 */
export function invalidImage(problem: string, cause?: unknown): RoundsError {
  return new RoundsError('image_invalid', `${problem}; save or export the file again.`, { cause });
}

/**
 * @param problem a clause without a full stop: "CMYK colours can’t be opened"
 * @param step what helps, as an instruction without a full stop
 * @returns an `image_unsupported`
 */
export function unsupportedImage(problem: string, step = 'save the image as PNG'): RoundsError {
  return new RoundsError('image_unsupported', `${problem}; ${step}.`);
}

/** @returns the `request_invalid` for a frame, page, slice or volume that the file doesn't have */
export function missingPart(
  part: 'frame' | 'page' | 'slice' | 'volume',
  index: number,
  count: number,
): RoundsError {
  const has = count === 1 ? `1 ${part}` : `${count} ${part}s`;
  return new RoundsError(
    'request_invalid',
    `${part} ${index} doesn’t exist; the file has ${has}, counted from 0.`,
  );
}

/**
 * Anything that a decoder threw, as an error that names the file. Codes stay. What isn't a RoundsError comes from bytes that
 * a decoder didn't expect (a read past the end, for example) and becomes `image_invalid`.
 */
export function nameFile(thrown: unknown, name: string): RoundsError {
  const error = thrown instanceof RoundsError ? thrown : undecodable(thrown);
  return new RoundsError(error.code, shorten(`${shorten(name, MAX_NAME)}: ${error.message}`, MAX_MESSAGE), {
    cause: thrown,
  });
}

/** Sentences are shorter; names, and what a file contains, may be of any length. */
const MAX_MESSAGE = 300;
const MAX_NAME = 100;

function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function undecodable(thrown: unknown): RoundsError {
  if (thrown instanceof RangeError && /allocation failed|out of memory/i.test(thrown.message)) {
    return new RoundsError(
      'out_of_memory',
      'there isn’t enough memory for this image; scale it down first.',
      {
        cause: thrown,
      },
    );
  }
  const detail = thrown instanceof Error ? ` (${thrown.message})` : '';
  return invalidImage(`the file can’t be decoded${detail}`, thrown);
}
