import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findBrowser, launchArguments } from './browser.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rounds-browser-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function program(path: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  chmodSync(file, 0o755);
  return file;
}

describe.runIf(process.platform === 'linux')(
  'findBrowser (Linux only: other systems have fixed paths)',
  () => {
    it('takes CHROME_PATH, and throws if that file does not exist', () => {
      const named = program('mine/chrome');
      program('bin/chromium');
      expect(findBrowser({ CHROME_PATH: named, PATH: join(folder, 'bin') })).toBe(named);
      expect(() => findBrowser({ CHROME_PATH: join(folder, 'gone') })).toThrow('CHROME_PATH');
    });

    it('prefers the newest browser of Playwright to an installed one, and never takes a headless shell', () => {
      program('ms/chromium-900/chrome-linux/chrome');
      const newest = program('ms/chromium-1200/chrome-linux64/chrome');
      program('ms/chromium_headless_shell-1300/chrome-linux/headless_shell');
      program('bin/chromium');
      expect(findBrowser({ PLAYWRIGHT_BROWSERS_PATH: join(folder, 'ms'), PATH: join(folder, 'bin') })).toBe(
        newest,
      );
    });

    it('takes an installed browser from the PATH, Chrome before Chromium, or none', () => {
      const chromium = program('a/chromium');
      const none = { PLAYWRIGHT_BROWSERS_PATH: join(folder, 'none') };
      expect(findBrowser({ ...none, PATH: `${folder}/b:${folder}/a` })).toBe(chromium);
      const chrome = program('b/google-chrome');
      expect(findBrowser({ ...none, PATH: `${folder}/a:${folder}/b` })).toBe(chrome);
      expect(findBrowser({ ...none, PATH: folder })).toBeNull();
    });
  },
);

it('disables the sandbox for root only', () => {
  expect(launchArguments().includes('--no-sandbox')).toBe(process.getuid?.() === 0);
});
