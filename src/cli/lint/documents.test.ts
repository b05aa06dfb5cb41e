/** The documents name files that exist, and no file that ESLint doesn't read is longer than 300 lines. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../install.mjs';

const ROOTS = ['src', 'e2e', 'models', 'docs', 'public', '.ci', '.github'];
const CODE_ENDING = /\.(?:ts|mjs|svelte|css|py|md|html|json)$/;
/** Placeholders, endings, and files that visitors make. */
const PLACEHOLDER = /^\.|^x\.|^env\.|[A-Z]{3,}\b(?!\.md)|^[\w-]+\.json$/;
/** Records of what was so once. */
const HISTORY = new Set(['docs/log.md', 'CHANGELOG.md']);
const MAX_LINES = 300;

/** Files and folders, from the root. */
const PATHS = [
  ...readdirSync(PROJECT),
  ...ROOTS.flatMap((root) => [
    root,
    ...readdirSync(join(PROJECT, root), { recursive: true, withFileTypes: true })
      .filter(({ name, parentPath }) => !/__pycache__|_cache|node_modules/.test(`${parentPath}/${name}`))
      .map(({ name, parentPath }) => relative(PROJECT, join(parentPath, name)).split(sep).join('/')),
  ]),
];
const KNOWN = new Set(PATHS);
const DOCUMENTS = PATHS.filter(
  (path) => path.endsWith('.md') && !path.startsWith('public/') && !HISTORY.has(path),
);
const read = (path: string): string => readFileSync(join(PROJECT, path), 'utf8');

/** Names of files and folders of the source, without placeholders (`NAME`, `…`) and made or foreign ones. */
function namedPaths(text: string): string[] {
  const names = [...text.matchAll(/`([\w.@*/-]+)`/g)].map(([, name = '']) => name.replace(/\/$/, ''));
  return names.filter((name) => {
    const isFile = CODE_ENDING.test(name) && !PLACEHOLDER.test(name);
    const isFolder =
      ROOTS.includes(name.split('/')[0] ?? '') && name.includes('/') && !/[A-Z]{3,}/.test(name);
    return isFile || isFolder;
  });
}

/** A path may be written from the root, or from any folder above it: `engine/sampling.ts`. */
function exists(name: string): boolean {
  const pattern = name
    .replaceAll('.', '\\.')
    .replaceAll('**', '.+')
    .replace(/(?<!\.)\*/g, '[^/]*');
  const end = new RegExp(`(?:^|/)${pattern}(?:\\.ts|\\.svelte\\.ts)?$`);
  return KNOWN.has(name) || PATHS.some((path) => end.test(path));
}

/** GitHub's anchor of each heading. */
function anchors(text: string): Set<string> {
  const headings = [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) => title);
  return new Set(
    headings.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Links to files and headings of the project that lead nowhere. */
function brokenLinks(document: string): string[] {
  const links = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((target) => {
    if (/^\w+:/.test(target)) return false;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? document : posix.join(posix.dirname(document), path).replace(/\/$/, '');
    if (!KNOWN.has(file)) return true;
    return anchor !== undefined && file.endsWith('.md') && !anchors(read(file)).has(anchor);
  });
}

describe('documents', () => {
  it.each(DOCUMENTS)('%s names files that exist', (document) => {
    expect(namedPaths(read(document)).filter((name) => !exists(name))).toEqual([]);
  });

  it.each(DOCUMENTS)('%s links to files and headings that exist', (document) => {
    expect(brokenLinks(document)).toEqual([]);
  });

  it('README leads to five places in two steps: a file, and a page that explains it', () => {
    const table = read('README.md').split('## Where things are')[1] ?? '';
    for (const place of [
      'sampler',
      'DICOM window',
      'image format',
      'catalogue’s text',
      'reward of MedVLM-R1',
    ]) {
      const row = table.split('\n').find((line) => line.replaceAll("'", '’').includes(place)) ?? '';
      expect(namedPaths(row), place).not.toEqual([]);
      expect(row, place).toMatch(/\]\([^)]+\.md(?:#[\w-]+)?\)/);
    }
  });
});

describe('files that ESLint doesn’t read', () => {
  it('have at most 300 lines', () => {
    const long = PATHS.filter(
      (path) => /\.(?:css|py)$/.test(path) && read(path).trimEnd().split('\n').length > MAX_LINES,
    );
    expect(long).toEqual([]);
  });
});
