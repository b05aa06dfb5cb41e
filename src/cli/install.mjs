/**
 * Makes sure that node_modules is what package-lock.json asks for. Every command calls it first, so that a
 * fresh clone needs no step of its own.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

const MINIMUM_NODE = [20, 19];
/** A folder, because making one is atomic; outside node_modules, which `npm ci` deletes. */
const LOCK = '.cache/install.lock';
/** `npm ci` on a slow line takes minutes; a lock this old was left by a killed process. */
const LOCK_STALE_MS = 15 * 60_000;
const LOCK_POLL_MS = 500;

/** Ends the process with a sentence if this Node is too old for the project's packages. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [needMajor = 0, needMinor = 0] = MINIMUM_NODE;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  process.stderr.write(
    `Rounds needs Node ${MINIMUM_NODE.join('.')} or newer; this is ${process.versions.node}.\n`,
  );
  process.exit(1);
}

/**
 * True if node_modules holds what package-lock.json asks for, by the record that npm writes there when an
 * install is complete; so an install made by hand counts too.
 */
export function isInstalled(project = PROJECT) {
  const wanted = readPackages(join(project, 'package-lock.json'));
  const present = readPackages(join(project, 'node_modules/.package-lock.json'));
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    const found = present[path]?.version;
    // Optional packages are mostly other platforms' binaries, which npm leaves out.
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

/** Installs what is missing. npm's output goes to stderr: stdout belongs to the command that called. */
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
 * Runs `job` while no other process does; waits for its turn.
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
 * True if the process that took the lock is gone, or took it unreasonably long ago.
 * @param {string} lock
 */
function isAbandoned(lock) {
  try {
    if (Date.now() - statSync(lock).mtimeMs > LOCK_STALE_MS) return true;
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0);
    return false;
  } catch (error) {
    // ESRCH: no such process. ENOENT: between the holder's two steps, or just released; look again.
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
      else reject(new Error(`\`${command} ${args.join(' ')}\` ended with ${signal ?? code}.`));
    });
  });
}
