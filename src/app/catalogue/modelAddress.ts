/** Parses the address of a model: a repository of the hub, or the URL of a pack. */
import { parseHubName, parseHubPage, type HubName } from '../../shared/hubName';
import type { ModelOrigin } from '../../shared/library';
import type { RecipeOption, WeightsOption } from '../../shared/pack';
import { t } from '../i18n/i18n.svelte';

export const DEFAULT_HUB = 'https://huggingface.co';

export interface ConversionChoice {
  weights: WeightsOption;
  recipe: RecipeOption;
}

/** The best 4-bit weights, as for the catalogue's models. */
export const DEFAULT_CONVERSION: ConversionChoice = { weights: 'q4', recipe: 'best' };

/**
 * Accepts `org/name[/folder][@revision]`, the page of a repository or of a folder in it on the hub, and the URL of a
 * pack's folder or pack.json.
 * @returns an error message for anything else
 */
export function parseAddress(text: string, hub: string, choice: ConversionChoice): ModelOrigin | string {
  const typed = text.trim();
  const name = parseHubName(typed);
  if (name) return { kind: 'hub', ...name, endpoint: hub, ...choice };
  const url = parseUrl(typed);
  if (!url) return t('library.badAddress');
  const problem = addressProblem(url);
  if (problem) return problem;
  const page = parsePage(url, hub);
  if (page) return { kind: 'hub', ...page, endpoint: hub, ...choice };
  url.hash = '';
  url.search = '';
  url.pathname = url.pathname.replace(/\/pack\.json$/, '').replace(/\/+$/, '');
  return { kind: 'pack', url: url.href.replace(/\/+$/, '') };
}

/** The hub's address in normal form, or an error message. The default hub for an empty text. */
export function parseHub(text: string): { hub: string } | string {
  const typed = text.trim();
  if (typed === '') return { hub: DEFAULT_HUB };
  const url = parseUrl(typed);
  if (!url) return t('library.badHub');
  return addressProblem(url) ?? { hub: `${url.origin}${url.pathname}`.replace(/\/+$/, '') };
}

/** Pages of the hub in use, and of the default one, whose models a mirror has under the same names. */
function parsePage(url: URL, hub: string): HubName | null {
  for (const address of [hub, DEFAULT_HUB]) {
    const { origin, pathname } = new URL(address);
    const name = url.origin === origin ? parseHubPage(url.pathname, pathname) : null;
    if (name) return name;
  }
  return null;
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/** An error message for what the library worker's content policy would block (src/shared/hostHeaders.mjs); else null. */
function addressProblem({ protocol, hostname, username }: URL): string | null {
  if (username !== '') return t('library.addressWithPassword');
  if (protocol === 'https:') return null;
  const isHere = hostname === 'localhost' || hostname === '127.0.0.1';
  if (protocol === 'http:' && isHere) return null;
  return t('library.addressNotSecure');
}
