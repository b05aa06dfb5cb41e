/** Parses the address of a model: a repository of the hub, or the URL of a pack. */
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

const HUB_NAME = /^([\w][\w.-]*\/[\w][\w.-]*)(?:@([\w][\w./-]*))?$/;
/** Path of a repository's page on the hub. */
const HUB_PAGE = /^\/([\w][\w.-]*\/[\w][\w.-]*)(?:\/(?:tree|commit)\/([\w][\w./-]*))?\/?$/;

/**
 * Accepts `org/name[@revision]`, the page of a repository on the hub, and the URL of a pack's folder or pack.json.
 * @returns an error message for anything else
 */
export function parseAddress(text: string, hub: string, choice: ConversionChoice): ModelOrigin | string {
  const typed = text.trim();
  const [, repo, revision] = HUB_NAME.exec(typed) ?? [];
  if (repo) return hubOrigin(repo, revision, hub, choice);
  const url = parseUrl(typed);
  if (!url) return t('library.badAddress');
  const problem = addressProblem(url);
  if (problem) return problem;
  const [, pageRepo, pageRevision] = HUB_PAGE.exec(url.pathname) ?? [];
  if (pageRepo && url.origin === parseUrl(hub)?.origin) return hubOrigin(pageRepo, pageRevision, hub, choice);
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

function hubOrigin(
  repo: string,
  revision: string | undefined,
  endpoint: string,
  choice: ConversionChoice,
): ModelOrigin {
  return { kind: 'hub', repo, revision: revision ?? 'main', endpoint, ...choice };
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
