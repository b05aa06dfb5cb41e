/**
 * Finds or installs a Chromium-based browser. Commands and tests run the app's worker in it, so it must be a full browser
 * with WebGPU, not Playwright's headless shell. Imports no packages, because `npm test` loads it before they are installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** Where Playwright installs browsers, below the home folder. */
const PLAYWRIGHT_FOLDERS = {
  linux: '.cache/ms-playwright',
  darwin: 'Library/Caches/ms-playwright',
  win32: 'AppData/Local/ms-playwright',
};

/** Below `chromium-NNNN/`. The folder names differ between versions of Playwright. */
const PLAYWRIGHT_BINARIES = [
  'chrome-linux64/chrome',
  'chrome-linux/chrome',
  'chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
  'chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
  'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
  'chrome-win64/chrome.exe',
  'chrome-win/chrome.exe',
];

const LINUX_NAMES = [
  'google-chrome-stable',
  'google-chrome',
  'chromium',
  'chromium-browser',
  'microsoft-edge-stable',
];

const MAC_APPS = [
  'Google Chrome.app/Contents/MacOS/Google Chrome',
  'Chromium.app/Contents/MacOS/Chromium',
  'Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
];

const WINDOWS_PATHS = ['Google/Chrome/Application/chrome.exe', 'Microsoft/Edge/Application/msedge.exe'];

/**
 * Browser arguments for headless runs with WebGPU, in addition to Playwright's. Without a GPU the adapter is SwiftShader,
 * which Chromium offers only with --enable-unsafe-webgpu.
 * @returns {string[]}
 */
export function launchArguments() {
  const args = [
    '--headless=new',
    '--enable-unsafe-webgpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ];
  // Chromium doesn't start as root with its sandbox; other users keep the sandbox.
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  // Some GPUs need more arguments, for example --enable-features=Vulkan --use-angle=vulkan.
  return [...args, ...(process.env.ROUNDS_CHROME_ARGS ?? '').split(' ').filter(Boolean)];
}

/**
 * The path of an installed browser, or null. Throws if CHROME_PATH is set to a file that doesn't exist.
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {string | null}
 */
export function findBrowser(environment = process.env) {
  const named = environment.CHROME_PATH;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(
      `CHROME_PATH is ${named}, which does not exist. Set it to a browser's program file, or unset it.`,
    );
  }
  return (
    [...playwrightBrowsers(environment), ...installedBrowsers(environment)].find((path) =>
      existsSync(path),
    ) ?? null
  );
}

/**
 * @param {NodeJS.ProcessEnv} environment
 * @returns {string[]}
 */
function playwrightBrowsers(environment) {
  const folder = PLAYWRIGHT_FOLDERS[/** @type {'linux'} */ (process.platform)];
  const named = environment.PLAYWRIGHT_BROWSERS_PATH;
  const root = named && named !== '0' ? named : folder && join(homedir(), folder);
  if (!root || !existsSync(root)) return [];
  const newestFirst = readdirSync(root)
    .filter((name) => /^chromium-\d+$/.test(name))
    .sort((a, b) => Number(b.slice(9)) - Number(a.slice(9)));
  return newestFirst.flatMap((name) => PLAYWRIGHT_BINARIES.map((binary) => join(root, name, binary)));
}

/**
 * @param {NodeJS.ProcessEnv} environment
 * @returns {string[]}
 */
function installedBrowsers(environment) {
  if (process.platform === 'darwin') {
    return ['/Applications', join(homedir(), 'Applications')].flatMap((root) =>
      MAC_APPS.map((app) => join(root, app)),
    );
  }
  if (process.platform === 'win32') {
    const roots = [environment.PROGRAMFILES, environment['PROGRAMFILES(X86)'], environment.LOCALAPPDATA];
    return roots.flatMap((root) => (root ? WINDOWS_PATHS.map((path) => join(root, path)) : []));
  }
  const folders = (environment.PATH ?? '').split(delimiter).filter(Boolean);
  return LINUX_NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
}

/**
 * The path of a browser. If none is installed, downloads Playwright's; if that fails and this is root on Debian, installs
 * the distribution's package. Needs the project's packages. Throws an error that says what to do.
 * @param {(message: string) => void} [report]
 * @returns {string}
 */
export function ensureBrowser(report = (message) => process.stderr.write(`${message}\n`)) {
  const found = findBrowser();
  if (found) return found;
  report('No Chrome or Chromium found. Installing the one of Playwright …');
  attempt(process.execPath, ['node_modules/playwright/cli.js', 'install', 'chromium']);
  const downloaded = findBrowser();
  if (downloaded && canStart(downloaded)) return downloaded;
  if (
    process.platform === 'linux' &&
    process.getuid?.() === 0 &&
    attempt('apt-get', ['--version'], 'ignore')
  ) {
    report('Installing the chromium package of the distribution …');
    attempt('apt-get', ['update', '-qq']);
    attempt('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium']);
    const packaged = installedBrowsers(process.env).find((path) => existsSync(path));
    if (packaged) return packaged;
  }
  if (downloaded)
    throw new Error(
      `${downloaded} does not start. Run \`npx playwright install-deps chromium\` as root to install missing libraries.`,
    );
  throw new Error('No browser found. Install Chrome or Chromium, or set CHROME_PATH to its program file.');
}

/**
 * False for example if system libraries are missing.
 * @param {string} path
 */
function canStart(path) {
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 30_000 }).status === 0;
}

/**
 * Runs a program with its output on stderr. True if it succeeded.
 * @param {string} command
 * @param {string[]} args
 * @param {'show' | 'ignore'} [output]
 */
function attempt(command, args, output = 'show') {
  const result = spawnSync(command, args, {
    cwd: PROJECT,
    stdio: output === 'ignore' ? 'ignore' : ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return result.status === 0;
}
