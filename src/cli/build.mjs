/**
 * Builds the site if its sources have changed. vite.config.ts writes the hash of the sources to dist/.sources at the end of
 * a successful build, so it doesn't matter which command built it.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { PROJECT, withLock } from './install.mjs';

export const DIST = join(PROJECT, 'dist');
export const STAMP_FILE = '.sources';

/** The sources of the site. package-lock.json represents the packages. */
const SOURCES = ['index.html', 'harness.html', 'vite.config.ts', 'package-lock.json', 'public', 'src'];
/** Files in src that are not part of the site. */
const NOT_BUILT = /^src\/cli\/|\/testing\/|\.test\.ts$/;

/** SHA-256 of the names and contents of all source files of the site. */
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
 * All entries below a folder; null for a file.
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

/** True if dist/ was built from the current sources. */
export function isBuilt(project = PROJECT) {
  const stamp = join(project, 'dist', STAMP_FILE);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceHash(project);
}

/** Builds the site if it is out of date. Packages must be installed. */
export async function ensureBuilt() {
  if (isBuilt()) return;
  await withLock(join(PROJECT, '.cache/build.lock'), async () => {
    if (isBuilt()) return;
    process.stderr.write('Building the site …\n');
    await runVite();
  });
}

/**
 * Shows Vite's output only if the build fails.
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
      reject(new Error('The build failed; the output of Vite is above.'));
    });
  });
}
