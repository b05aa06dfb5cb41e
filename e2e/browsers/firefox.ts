/** Firefox through Marionette, which every Firefox has built in: JSON over a socket, so that geckodriver isn't needed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { until, type Remote } from './remote';
import { freePort } from './webkit';

function firefoxPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return ['firefox-esr', 'firefox']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find(existsSync);
}

/** Why Firefox can't be tried here; null if it can. */
export function firefoxMissing(): string | null {
  return firefoxPath() ? null : 'Firefox is not installed (firefox-esr)';
}

export async function openFirefox(): Promise<Remote> {
  const port = await freePort();
  const profile = mkdtempSync(join(tmpdir(), 'rounds-firefox-'));
  writeFileSync(join(profile, 'user.js'), `user_pref("marionette.port", ${port});\n`);
  const args = ['--headless', '--no-remote', '--marionette', '--profile', profile];
  const firefox = spawn(firefoxPath() ?? '', args, {
    stdio: 'ignore',
    env: { ...process.env, HOME: profile },
  });
  const socket = await until('Firefox', 60, () => tryConnect(port));
  const marionette = new Marionette(socket);
  const { capabilities } = await marionette.call<{ capabilities: { browserVersion: string } }>(
    'WebDriver:NewSession',
    {},
  );
  await marionette.call('WebDriver:SetTimeouts', { script: 120_000, pageLoad: 120_000 });
  const run = async <T>(script: string, ...params: unknown[]): Promise<T> =>
    (await marionette.call<{ value: T }>('WebDriver:ExecuteScript', { script, args: params })).value;
  return {
    name: `Firefox ${capabilities.browserVersion}`,
    go: (url) => marionette.call('WebDriver:Navigate', { url }),
    // WebDriver's own refresh goes past the service worker.
    reload: async () => {
      await run('document.documentElement.dataset.old = "yes"; setTimeout(() => location.reload());');
      const isNew = 'return document.readyState === "complete" && !document.documentElement.dataset.old;';
      await until('the reload', 60, () => run<boolean>(isNew).catch(() => false));
    },
    run,
    close: async () => {
      socket.destroy();
      await ended(firefox);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill();
  });
}

function tryConnect(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(null));
  });
}

type Reply = [type: 1, id: number, error: { error: string; message: string } | null, result: unknown];

/** Messages are `length:json`; a request is [0, id, command, params], a reply [1, id, error, result]. */
class Marionette {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #received = Buffer.alloc(0);
  #nextId = 1;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      for (let json = this.#take(); json !== null; json = this.#take()) {
        const message = JSON.parse(json) as Reply | object;
        // The first message is a greeting.
        if (Array.isArray(message)) this.#waiting.get(message[1] as number)?.(message as Reply);
      }
    });
  }

  async call<T>(command: string, params: object): Promise<T> {
    const id = this.#nextId++;
    const json = JSON.stringify([0, id, command, params]);
    const reply = new Promise<Reply>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.write(`${Buffer.byteLength(json)}:${json}`);
    const [, , error, result] = await reply;
    this.#waiting.delete(id);
    if (error) throw new Error(`${command}: ${error.error}: ${error.message}`);
    return result as T;
  }

  #take(): string | null {
    const colon = this.#received.indexOf(':');
    if (colon < 0) return null;
    const end = colon + 1 + Number(this.#received.subarray(0, colon).toString());
    if (this.#received.length < end) return null;
    const json = this.#received.subarray(colon + 1, end).toString();
    this.#received = this.#received.subarray(end);
    return json;
  }
}
