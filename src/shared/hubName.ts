/** Names of models on a hub: as people write them, and as the hub's own pages are addressed. */

export interface HubName {
  /** `org/name`. */
  repo: string;
  /** A branch, tag or commit. */
  revision: string;
  /** Folder of the repository that holds the model; absent: its top. Some repositories have several models. */
  folder?: string;
}

const SEGMENT = String.raw`\w[\w.()+ -]*`;
const REPO = String.raw`\w[\w.-]*\/\w[\w.-]*`;
const REVISION = String.raw`\w[\w./-]*`;
const NAME = new RegExp(`^(${REPO})((?:/${SEGMENT})*?)/?(?:@(${REVISION}))?$`);
const FOLDER = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*$`);
/** Pages of a repository, and whether their path ends in a file. */
const PAGES: Readonly<Record<string, { isFile: boolean }>> = {
  tree: { isFile: false },
  commit: { isFile: false },
  blob: { isFile: true },
  raw: { isFile: true },
  resolve: { isFile: true },
};

/** Parses `org/name[/folder…][@revision]`; null if `text` is not such a name. */
export function parseHubName(text: string): HubName | null {
  const [, repo, folder, revision] = NAME.exec(text) ?? [];
  return repo === undefined ? null : hubName(repo, revision, folder?.slice(1));
}

/**
 * Parses the path of a page on the hub: a repository, or a folder or file of it at a revision.
 * @param hubPath path of the hub itself, where it is not at the top of its host
 * @returns null for any other page
 */
export function parseHubPage(pathname: string, hubPath = ''): HubName | null {
  const base = hubPath.replace(/\/+$/, '');
  if (!pathname.startsWith(`${base}/`)) return null;
  const segments = decoded(pathname.slice(base.length));
  if (segments === null) return null;
  const [org, name, kind, ...rest] = segments;
  const repo = `${org}/${name}`;
  if (name === undefined || !new RegExp(`^${REPO}$`).test(repo)) return null;
  if (kind === undefined) return hubName(repo, undefined, undefined);
  const page = Object.hasOwn(PAGES, kind) ? PAGES[kind] : undefined;
  if (page === undefined || rest.length === 0) return null;
  // Revisions like refs/pr/3 have slashes. The hub encodes them; people do not.
  const revision = rest.splice(0, rest[0] === 'refs' ? 3 : 1).join('/');
  if (page.isFile) rest.pop();
  const folder = rest.join('/');
  if (!new RegExp(`^${REVISION}$`).test(revision) || (folder !== '' && !FOLDER.test(folder))) return null;
  return hubName(repo, revision, folder);
}

/** As `parseHubName` reads it, without the revision. */
export function fullName({ repo, folder }: Pick<HubName, 'repo' | 'folder'>): string {
  return folder ? `${repo}/${folder}` : repo;
}

function hubName(repo: string, revision: string | undefined, folder: string | undefined): HubName {
  return { repo, revision: revision ?? 'main', ...(folder ? { folder } : {}) };
}

function decoded(pathname: string): string[] | null {
  try {
    return pathname
      .split('/')
      .filter((segment) => segment !== '')
      .map((segment) => decodeURIComponent(segment));
  } catch {
    return null;
  }
}
