/** What the library says about hosts and repositories that give no model, with the real worker and a real second host. */
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from '@playwright/test';
import { openLoopbackHub } from '../src/cli/rehearsal/loopbackHub';
import MESSAGES from '../src/app/i18n/messages/en/errors.json' with { type: 'json' };
import { RoundsPage } from './fake/pageObject';
import { expect, test } from './fixtures';

const CHECKPOINT = fileURLToPath(new URL('../models/goldens/vectors/checkpoints/qwen2_vl', import.meta.url));

async function openLibrary(
  page: Page,
  openApp: (page: Page, options: { backend: 'wasm' }) => Promise<void>,
): Promise<Locator> {
  await openApp(page, { backend: 'wasm' });
  const rounds = new RoundsPage(page);
  await rounds.modelReady();
  return rounds.openLibrary();
}

async function check(library: Locator, address: string): Promise<void> {
  await library.getByRole('textbox', { name: 'Hub name or pack address' }).fill(address);
  await library.getByRole('button', { name: 'Check', exact: true }).click();
}

/** Answers everything, and lets no other site read it. */
async function hostWithoutCors(): Promise<{ server: Server; url: string }> {
  const server = createServer((_request, response) => response.end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

test('a host that lets no other site read from it is distinguished from one that is not there', async ({
  page,
  openApp,
}) => {
  const { server, url } = await hostWithoutCors();
  try {
    const library = await openLibrary(page, openApp);
    await check(library, `${url}pack/`);
    await expect(library.getByText(MESSAGES.downloadBlocked)).toBeVisible({ timeout: 15_000 });
    await library.getByRole('button', { name: 'Cancel', exact: true }).click();
    const port = Number(new URL(url).port);
    await new Promise((resolve) => server.close(resolve));
    const started = Date.now();
    await check(library, `http://127.0.0.1:${port}/pack/`);
    await expect(library.getByText(MESSAGES.hostUnreachable)).toBeVisible({ timeout: 15_000 });
    expect(Date.now() - started).toBeLessThan(10_000);
  } finally {
    server.close();
  }
});

test('a repository with models in folders lists them, and one of them converts', async ({
  page,
  openApp,
}) => {
  const files = readdirSync(CHECKPOINT).filter((name) => !name.startsWith('.'));
  const hub = await openLoopbackHub('someone/several', CHECKPOINT, files, ['CT', 'MRI']);
  try {
    const library = await openLibrary(page, openApp);
    await library.getByText('Hub address and access token').click();
    const address = library.getByRole('textbox', { name: 'Address of the hub or a mirror' });
    await address.fill(hub.endpoint);
    await address.blur();
    await check(library, 'someone/several');
    await expect(library.getByText(MESSAGES.folderNeeded)).toBeVisible({ timeout: 30_000 });
    await library.getByText('Details', { exact: true }).click();
    await expect(library.getByText(/someone\/several\/CT: CT, MRI\./)).toBeVisible();
    await library.getByRole('button', { name: 'Cancel', exact: true }).click();
    await check(library, `${hub.endpoint}/someone/several/tree/main/MRI`);
    await library.getByRole('button', { name: 'Download', exact: true }).click({ timeout: 60_000 });
    await expect(library.getByRole('button', { name: /^Use\s*MRI/ })).toBeVisible({ timeout: 120_000 });
  } finally {
    await hub.close();
  }
});
