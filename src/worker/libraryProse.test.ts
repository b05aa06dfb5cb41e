/** The library's worker posts codes, names and numbers: the page words them, so a message never stays English. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultServer, type FaultServer } from '../../e2e/faults/faultServer';
import { makeTestPack } from '../../e2e/faults/testPack';
import { closable } from '../../e2e/faults/testTabs';
import { tinyFiles } from '../convert/testing/testCheckpoint';
import { openChannel, type LibraryChannel } from '../runtime/library/channel';
import { Library } from '../runtime/library/library';
import { localLocks } from '../runtime/library/locks';
import { memoryModelStorage, type ModelStorage } from '../runtime/storage/modelStorage';
import type { FromLibrary, LibraryCallName, LibraryCalls, ModelOrigin } from '../shared/library';
import { LibraryHandler } from './libraryHandler';
import { proseIn } from './testing/prose';

const pack = makeTestPack({ shards: 4 });
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const MAIN = 'api/models/org/tiny/revision/main';
const WEIGHTS = `org/tiny/resolve/${COMMIT}/model.safetensors`;
const AGAIN = { kind: 'status', status: 429, headers: { 'Retry-After': '1' } } as const;

let server: FaultServer;
let storage: ModelStorage;
let channel: LibraryChannel;
let posted: FromLibrary[];
let call: <K extends LibraryCallName>(kind: K, params: LibraryCalls[K][0]) => Promise<FromLibrary>;

beforeEach(async () => {
  server = await startFaultServer();
  storage = memoryModelStorage();
  channel = closable(openChannel(crypto.randomUUID()));
  posted = [];
  const library = new Library({
    storage,
    channel,
    locks: localLocks(),
    tab: crypto.randomUUID(),
    onJobs: (jobs) => posted.push({ type: 'jobs', jobs }),
    onModels: (models) => posted.push({ type: 'models', models }),
    updateEveryMs: 0,
  });
  const handler = new LibraryHandler(library, (message) => posted.push(message));
  let nextId = 1;
  call = async (kind, params) => {
    const id = nextId++;
    handler.handle({ id, call: kind, params } as Parameters<LibraryHandler['handle']>[0]);
    const isReply = (message: FromLibrary): boolean => 'id' in message && message.id === id;
    await expect.poll(() => posted.some(isReply), { timeout: 50_000, interval: 5 }).toBe(true);
    return posted.find(isReply) as FromLibrary;
  };
});

afterEach(async () => {
  channel.close();
  await server.close();
});

function servePack(): ModelOrigin {
  for (const [name, bytes] of pack.files) server.files.set(`p/${name}`, bytes);
  return { kind: 'pack', url: `${server.url}p/` };
}

function serveHub(): ModelOrigin {
  const files = tinyFiles();
  const siblings = [...files.keys()].map((rfilename) => ({ rfilename }));
  server.files.set(MAIN, new TextEncoder().encode(JSON.stringify({ sha: COMMIT, siblings })));
  for (const [name, bytes] of files) server.files.set(`org/tiny/resolve/${COMMIT}/${name}`, bytes);
  const endpoint = server.url.slice(0, -1);
  return { kind: 'hub', repo: 'org/tiny', revision: 'main', endpoint, weights: 'q4', recipe: 'best' };
}

const file = (content: BlobPart, name: string): File =>
  Object.assign(new File([content], name), { webkitRelativePath: '' });

const errorOf = (message: FromLibrary): string =>
  message.type === 'error' ? message.error.code : message.type;

/** Codes of what jobs were doing, and of why they waited. */
function codes(): Set<string> {
  const details = posted.flatMap((message) => (message.type === 'jobs' ? message.jobs : []));
  return new Set(
    details.flatMap(({ detail }) =>
      detail === null ? [] : detail.code === 'waiting' ? [detail.params.reason.code] : [detail.code],
    ),
  );
}

describe('what the library posts', () => {
  it('has no sentences while a pack is fetched with faults, verified, exported and imported', async () => {
    const origin = servePack();
    const [first, second, third, last] = pack.manifest.shards.map((shard) => `p/${shard.file}`);
    server.fail(first!, [AGAIN, { kind: 'cut', at: 0.5 }]);
    server.fail(second!, [{ kind: 'flip' }, { kind: 'expired' }]);
    server.fail(third!, [{ kind: 'page' }]);
    server.fail(last!, [{ kind: 'short' }]);
    await call('plan', { origin });
    expect(errorOf(await call('add', { origin }))).toBe('result');
    await call('verify', { modelId: pack.hash });
    await storage.shards(pack.hash).set(pack.manifest.shards[1]!.file, new ArrayBuffer(8));
    expect(errorOf(await call('export', { modelId: pack.hash }))).toBe('integrity_mismatch');
    await call('verify', { modelId: pack.hash });
    await call('list', {});
    await call('delete', { modelId: pack.hash });
    await call('import', { files: [...pack.files].map(([name, bytes]) => file(bytes, name)) });
    await call('storage', {});
    expect(proseIn(posted)).toEqual([]);
    expect([...codes()]).toEqual(
      expect.arrayContaining([
        ...['reading_manifest', 'fetching_part', 'comparing_file', 'writing_file', 'reading_file'],
        ...['server_status', 'connection_failed', 'damaged', 'redirect_status', 'wrong_length'],
      ]),
    );
  });

  it('has none while a checkpoint is converted', async () => {
    const origin = serveHub();
    await call('plan', { origin });
    server.fail(MAIN, [AGAIN]);
    server.fail(WEIGHTS, [
      { kind: 'status', status: 503 },
      { kind: 'cut', at: 0.5 },
    ]);
    expect(errorOf(await call('add', { origin }))).toBe('result');
    const folder: ModelOrigin = { kind: 'folder', name: 'tiny', weights: 'q8', recipe: 'plain' };
    const files = [...tinyFiles()].map(([name, bytes]) => file(bytes as BlobPart, name));
    expect(errorOf(await call('add', { origin: folder, access: { files } }))).toBe('result');
    expect(proseIn(posted)).toEqual([]);
    expect([...codes()]).toEqual(
      expect.arrayContaining(['reading_config', 'quantizing', 'server_status', 'connection_failed']),
    );
  });

  it('has none but the message of an error when a call fails', async () => {
    const origin = servePack();
    server.fail(`p/${pack.manifest.shards[2]!.file}`, [{ kind: 'status', status: 403 }], true);
    expect(errorOf(await call('add', { origin }))).toBe('download_failed');
    expect(errorOf(await call('plan', { origin: { kind: 'pack', url: 'ftp://x' } }))).toBe('address_invalid');
    const folder: ModelOrigin = { kind: 'folder', name: 'tiny', weights: 'q4', recipe: 'plain' };
    expect(errorOf(await call('add', { origin: folder }))).toBe('files_needed');
    const imported: ModelOrigin = { kind: 'import', name: 'tiny.zip' };
    expect(errorOf(await call('add', { origin: imported }))).toBe('files_needed');
    const junk = new TextEncoder().encode('junk');
    server.files.set('junk', junk);
    const calibration = { url: `${server.url}junk`, sha256: await hashOf(junk) };
    const hub = { ...serveHub(), calibration } as ModelOrigin;
    expect(errorOf(await call('add', { origin: hub }))).toBe('file_invalid');
    expect(codes()).toContain('reading_calibration');
    expect(proseIn(posted)).toEqual([]);
  });

  it('has none while another task is running for the same model', async () => {
    const origin = servePack();
    server.pace = 100_000;
    const adding = call('add', { origin });
    await expect.poll(() => server.requests.size).toBeGreaterThan(1);
    expect(errorOf(await call('addForSession', { origin }))).toBe('model_busy');
    server.pace = null;
    expect(errorOf(await adding)).toBe('result');
    expect(proseIn(posted)).toEqual([]);
  });
});

it('proseIn finds sentences, and leaves codes, names and errors’ messages alone', () => {
  expect(proseIn({ jobs: [{ detail: 'Fetching part 1' }] })).toEqual(['.jobs.0.detail: Fetching part 1']);
  expect(proseIn({ error: { code: 'internal', message: 'It has failed.' }, weights: 'q4 (best)' })).toEqual(
    [],
  );
});

async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return Buffer.from(digest).toString('hex');
}
