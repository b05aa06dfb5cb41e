/** WebKitGTK through its WebDriver: Debian's packages webkit2gtk-driver and xvfb. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { sleep, until, type Remote } from './remote';

const LIBRARIES = '/usr/lib';

function inPath(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find(existsSync);
}

function miniBrowser(): string | undefined {
  if (!existsSync(LIBRARIES)) return undefined;
  return readdirSync(LIBRARIES)
    .flatMap((folder) =>
      ['4.1', '4.0'].map((api) => join(LIBRARIES, folder, `webkit2gtk-${api}`, 'MiniBrowser')),
    )
    .find(existsSync);
}

/** Why WebKit can't be tried here; null if it can. */
export function webkitMissing(): string | null {
  if (!inPath('WebKitWebDriver') || !miniBrowser()) return 'WebKitGTK is not installed (webkit2gtk-driver)';
  return process.env.DISPLAY || inPath('xvfb-run') ? null : 'there is no display (xvfb)';
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function openWebkit(): Promise<Remote> {
  const port = await freePort();
  const command = ['WebKitWebDriver', `--port=${port}`];
  const [program = '', ...args] = process.env.DISPLAY ? command : ['xvfb-run', '-a', ...command];
  // A group of its own, so that Xvfb and the browser end with it.
  const driver = spawn(program, args, { stdio: 'ignore', detached: true });
  try {
    return await openSession(`http://127.0.0.1:${port}`, driver);
  } catch (error) {
    endGroup(driver);
    throw error;
  }
}

async function openSession(driverUrl: string, driver: ChildProcess): Promise<Remote> {
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(driverUrl + path, {
      method,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const { value } = (await response.json()) as { value: T & { error?: string; message?: string } };
    if (!response.ok) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  };
  await until('WebKitWebDriver', 30, () => call('GET', '/status').catch(() => null));
  const { sessionId, capabilities } = await call<{
    sessionId: string;
    capabilities: { browserVersion: string };
  }>('POST', '/session', {
    capabilities: {
      alwaysMatch: {
        browserName: 'MiniBrowser',
        'webkitgtk:browserOptions': { binary: miniBrowser(), args: ['--automation'] },
      },
    },
  });
  const session = `/session/${sessionId}`;
  await call('POST', `${session}/window/rect`, { width: 1280, height: 900 });
  return {
    name: `WebKit ${capabilities.browserVersion}`,
    go: (url) => call('POST', `${session}/url`, { url }),
    reload: () => call('POST', `${session}/refresh`, {}),
    run: (script, ...args) => call('POST', `${session}/execute/sync`, { script, args }),
    close: async () => {
      await call('DELETE', session).catch(() => undefined);
      await sleep(500);
      endGroup(driver);
    },
  };
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid);
  } catch {
    // It has ended by itself.
  }
}
