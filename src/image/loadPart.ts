import { RoundsError } from '../shared/errors';

/**
 * Fetches code or data of a decoder, once a file needs it.
 *
 * @throws RoundsError decoder_missing
 */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const problem = 'the decoder for this kind of image couldn’t be downloaded';
    throw new RoundsError('decoder_missing', `${problem}; check the connection and try again.`, { cause });
  }
}
