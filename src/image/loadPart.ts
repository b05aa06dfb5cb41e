import { RoundsError } from '../shared/errors';

/**
 * Code or data of a decoder that is fetched when a file needs it.
 * @throws RoundsError decoder_missing
 */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new RoundsError('decoder_missing', 'The decoder of this kind of image could not be fetched.', {
      cause,
    });
  }
}
