/**
 * Builds the site when what it is made of has changed. vite.config.ts leaves the hash of its sources in
 * dist/.sources, so a build by any command counts, and a broken one does not.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { PROJECT, withLock } from './install.mjs';

export const DIST = join(PROJECT, 'dist');
export const STAMP_FILE = '.sources';

/** What the site is made of. package-lock.json stands for the packages. */
const SOURCES = ['index.html', 'harness.html', 'vite.config.ts', 'package-lock.json', 'public', 'src'];
/** In src, but not of the site. */
const NOT_BUILT = /^src\/cli\/|\/testing\/|\.test\.ts$/;

/** SHA-256 over the names and contents of everything that the site is built from. */
export function sourceHash(project = PROJECT) {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap((name) => filesBelow(project, name)).sort()) {
    const content = readFileSync(join(project, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/**
 * @param {string} project
 * @param {string} name
 * @returns {string[]}
 */
function filesBelow(project, name) {
  const path = join(project, name);
  if (!existsSync(path)) return [];
  const entries = readdirSafe(path);
  const files = entries
    ? entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    : [path];
  return files
    .map((file) => relative(project, file).split(sep).join('/'))
    .filter((file) => !NOT_BUILT.test(file));
}

/**
 * The folder's entries at any depth, or null for a file.
 * @param {string} path
 */
function readdirSafe(path) {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOTDIR') return null;
    throw error;
  }
}

/** True if dist was built from the sources as they are now. */
export function isBuilt(project = PROJECT) {
  const stamp = join(project, 'dist', STAMP_FILE);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceHash(project);
}

/** Builds if stale. Packages must be installed. */
export async function ensureBuilt() {
  if (isBuilt()) return;
  await withLock(join(PROJECT, '.cache/build.lock'), async () => {
    if (isBuilt()) return;
    process.stderr.write('Building …\n');
    await runVite();
  });
}

/**
 * What Vite says is shown only if it fails.
 * @returns {Promise<void>}
 */
function runVite() {
  const vite = join(PROJECT, 'node_modules/vite/bin/vite.js');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [vite, 'build'], {
      cwd: PROJECT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    /** @type {Buffer[]} */
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) return resolve();
      process.stderr.write(Buffer.concat(output));
      reject(new Error('The build failed.'));
    });
  });
}
