import { expect, it, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import type { OfflineState } from '../../browser/pwa';
import AppFooter from './AppFooter.svelte';

const offline: OfflineState = { supported: true, offlineReady: true, updateReady: true, error: null };

it('updates at once where nothing would be lost', async () => {
  const onUpdate = vi.fn();
  const screen = await render(AppFooter, { offline, risk: null, onUpdate });
  await screen.getByRole('button', { name: 'New version available: reload' }).click();
  expect(onUpdate).toHaveBeenCalledOnce();
});

it.each([
  ['running', 'An answer is being written. Reloading stops it.'],
  ['unkept', 'Answers on this page aren’t saved. Reloading deletes them.'],
] as const)('asks first: %s', async (risk, question) => {
  const onUpdate = vi.fn();
  const screen = await render(AppFooter, { offline, risk, onUpdate });
  await screen.getByRole('button', { name: 'New version available: reload' }).click();
  await expect.element(screen.getByText(question)).toBeVisible();
  expect(onUpdate).not.toHaveBeenCalled();
  await expect.element(screen.getByRole('button', { name: 'Later' })).toHaveFocus();
  await screen.getByRole('button', { name: 'Later' }).click();
  await screen.getByRole('button', { name: 'New version available: reload' }).click();
  await screen.getByRole('button', { name: 'Reload now' }).click();
  expect(onUpdate).toHaveBeenCalledOnce();
});
