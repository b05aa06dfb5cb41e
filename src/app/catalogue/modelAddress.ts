/** What a visitor types to name a model: a repository of the hub, or the address of a pack. */
import type { ModelOrigin } from '../../shared/library';
import type { RecipeOption, WeightsOption } from '../../shared/pack';
import { t } from '../i18n/i18n.svelte';

export const DEFAULT_HUB = 'https://huggingface.co';

export interface ConversionWish {
  weights: WeightsOption;
  recipe: RecipeOption;
}

/** The best 4-bit weights: what the catalogue's models are made with. */
export const DEFAULT_WISH: ConversionWish = { weights: 'q4', recipe: 'best' };

const HUB_NAME = /^([\w][\w.-]*\/[\w][\w.-]*)(?:@([\w][\w./-]*))?$/;
/** The page of a repository, as it is copied from the address bar. */
const HUB_PAGE = /^\/([\w][\w.-]*\/[\w][\w.-]*)(?:\/(?:tree|commit)\/([\w][\w./-]*))?\/?$/;

/**
 * `org/name[@revision]`, the page of a repository on the hub, or the address of a pack's folder (or of its pack.json).
 * @returns a sentence where it is none of these
 */
export function parseAddress(text: string, hub: string, wish: ConversionWish): ModelOrigin | string {
  const typed = text.trim();
  const [, repo, revision] = HUB_NAME.exec(typed) ?? [];
  if (repo) return hubOrigin(repo, revision, hub, wish);
  const url = parseUrl(typed);
  if (!url) return t('library.badAddress');
  const problem = addressProblem(url);
  if (problem) return problem;
  const [, pageRepo, pageRevision] = HUB_PAGE.exec(url.pathname) ?? [];
  if (pageRepo && url.origin === parseUrl(hub)?.origin) return hubOrigin(pageRepo, pageRevision, hub, wish);
  url.hash = '';
  url.search = '';
  url.pathname = url.pathname.replace(/\/pack\.json$/, '').replace(/\/+$/, '');
  return { kind: 'pack', url: url.href.replace(/\/+$/, '') };
}

/** The hub's address in one form, or a sentence that says what is wrong with it. Empty: the default. */
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
  wish: ConversionWish,
): ModelOrigin {
  return { kind: 'hub', repo, revision: revision ?? 'main', endpoint, ...wish };
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/** What the content policy of the library's worker would stop anyway (src/shared/hostHeaders.mjs), said beforehand. */
function addressProblem({ protocol, hostname, username }: URL): string | null {
  if (username !== '') return t('library.addressWithPassword');
  if (protocol === 'https:') return null;
  const isHere = hostname === 'localhost' || hostname === '127.0.0.1';
  if (protocol === 'http:' && isHere) return null;
  return t('library.addressNotSecure');
}
