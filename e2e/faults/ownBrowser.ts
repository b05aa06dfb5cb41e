/** A browser whose process and profile are the test's own: it can be killed at any moment, and started again on what is left. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from '@playwright/test';
import { ensureBrowser, launchArguments } from '../../src/cli/browser.mjs';

export interface OwnBrowser {
  context: BrowserContext;
  /** Ends all its processes at once, without a chance to write anything; resolves when they are gone. */
  kill(): Promise<void>;
}

export async function makeProfile(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'rounds-profile-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

export async function startBrowser(profile: string): Promise<OwnBrowser> {
  const child = spawn(
    ensureBrowser(),
    [...launchArguments(), `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'],
    // A process group of its own: the kill reaches its children too.
    { detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const browser = await chromium.connectOverCDP(await debuggerAddress(child));
  const [context] = browser.contexts();
  if (!context) throw new Error('the browser has no context');
  return {
    context,
    kill: async () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      await exited;
      await browser.close().catch(() => undefined);
    },
  };
}

function debuggerAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const address = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
      if (address) resolve(address);
    });
    child.once('exit', (code) => reject(new Error(`the browser ended with ${code}: ${text}`)));
  });
}
