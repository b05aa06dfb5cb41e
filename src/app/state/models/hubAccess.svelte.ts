/** Which hub models are downloaded from, and the access token for gated ones. */
import type { OriginAccess } from '../../../shared/library';
import { storedText } from '../../browser/storedText';
import { DEFAULT_HUB, parseHub } from '../../catalogue/modelAddress';

const stored = storedText('rounds.hub');

export class HubAccess {
  hub = $state(stored.get() ?? DEFAULT_HUB);
  /** Never stored. */
  token = $state('');
  #hadToken = false;

  /** @returns an error message if the address is invalid, else an empty string */
  useHub(text: string): string {
    const parsed = parseHub(text);
    if (typeof parsed === 'string') return parsed;
    this.hub = parsed.hub;
    stored.set(parsed.hub === DEFAULT_HUB ? null : parsed.hub);
    return '';
  }

  /** For a call to the worker. An emptied field means no token, also for what the worker remembers. */
  forCall(): OriginAccess {
    const token = this.token.trim();
    if (token !== '') this.#hadToken = true;
    return this.#hadToken ? { token } : {};
  }
}
