/**
 * Installs the packages of package-lock.json if node_modules differs. Every command calls it first, so that a fresh clone
 * needs no separate install step.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

const MINIMUM_NODE = [20, 19];
/** A folder, because creating one is atomic; not in node_modules, because `npm ci` deletes that. */
const LOCK = '.cache/install.lock';
/** `npm ci` takes minutes on a slow connection; a lock older than this was left by a process that was killed. */
const LOCK_STALE_MS = 15 * 60_000;
const LOCK_POLL_MS = 500;

/** Exits with a message if this Node is too old for the project's packages. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [needMajor = 0, needMinor = 0] = MINIMUM_NODE;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  process.stderr.write(
    `Rounds needs Node ${MINIMUM_NODE.join('.')} or newer; this is ${process.versions.node}. Update it from https://nodejs.org\n`,
  );
  process.exit(1);
}

/**
 * True if node_modules matches package-lock.json, according to the record that npm writes at the end of an install (by
 * this program or by hand).
 */
export function isInstalled(project = PROJECT) {
  const wanted = readPackages(join(project, 'package-lock.json'));
  const present = readPackages(join(project, 'node_modules/.package-lock.json'));
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    const found = present[path]?.version;
    // Optional packages are mostly binaries for other platforms, which npm doesn't install.
    return path === '' || found === version || (optional === true && found === undefined);
  });
}

/**
 * @param {string} lockfile
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function readPackages(lockfile) {
  return existsSync(lockfile) ? JSON.parse(readFileSync(lockfile, 'utf8')).packages : {};
}

/** Installs packages if needed. npm's output goes to stderr, because stdout is for the command's results. */
export async function ensureInstalled(project = PROJECT) {
  requireNode();
  if (isInstalled(project)) return;
  await withLock(join(project, LOCK), async () => {
    if (isInstalled(project)) return;
    process.stderr.write('Installing packages …\n');
    await run('npm', ['ci'], project);
  });
}

/**
 * Runs `job` under a lock: waits until no other process holds it.
 * @param {string} lock
 * @param {() => Promise<void>} job
 */
export async function withLock(lock, job) {
  mkdirSync(join(lock, '..'), { recursive: true });
  while (!tryLock(lock)) await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  try {
    await job();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** @param {string} lock */
function tryLock(lock) {
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    if (isAbandoned(lock)) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

/**
 * True if the process that took the lock has ended, or took it too long ago.
 * @param {string} lock
 */
function isAbandoned(lock) {
  try {
    if (Date.now() - statSync(lock).mtimeMs > LOCK_STALE_MS) return true;
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0);
    return false;
  } catch (error) {
    // ESRCH: no such process. ENOENT: the lock was just released, or its pid file isn't written yet; check again later.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH';
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<void>}
 */
function run(command, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(
            `\`${command} ${args.join(' ')}\` failed (${signal ?? `exit status ${code}`}); its output is above.`,
          ),
        );
    });
  });
}
