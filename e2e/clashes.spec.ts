/** Several case files dropped at once, some of whose cases are here in another state. */
import { writeCaseFile } from '../src/app/cases/caseFile';
import { CASE_ID, testCase } from '../src/app/cases/testing/testCase';
import { rows } from './casePage';
import { dropPaths, folderOf } from './drops';
import { expect, openReady, test } from './fake/fixture';

const OTHER = '88888888-8888-4888-8888-888888888888';

async function fileOf(id: string, title: string, day: number): Promise<Buffer> {
  const record = testCase({ id, title, changedAt: `2026-01-0${day}T00:00:00.000Z`, images: [], entries: [] });
  return Buffer.from(await (await writeCaseFile([{ record, images: new Map() }], '')).arrayBuffer());
}

test('each clash is settled by itself', async ({ page, openFake }, info) => {
  await openReady(page, openFake);
  const folder = await folderOf(info.outputPath('files'), {
    'liver-1.rounds.zip': await fileOf(CASE_ID, 'Liver', 1),
    'lung-1.rounds.zip': await fileOf(OTHER, 'Lung', 1),
    'liver-2.rounds.zip': await fileOf(CASE_ID, 'Liver, later', 2),
    'lung-3.rounds.zip': await fileOf(OTHER, 'Lung, later', 3),
  });
  const dialog = page.getByRole('dialog', { name: 'Cases' });
  await dropPaths(page, `${folder}/liver-1.rounds.zip`, `${folder}/lung-1.rounds.zip`);
  await expect(dialog.getByText('2 cases imported.')).toBeVisible();
  await dropPaths(page, `${folder}/liver-2.rounds.zip`, `${folder}/lung-3.rounds.zip`);
  const clashes = dialog.getByRole('group', { name: /^2 cases in this file already exist here/ });
  await clashes
    .getByRole('group', { name: 'Liver, later' })
    .getByRole('button', { name: 'Replace existing' })
    .click();
  await expect(rows(dialog).filter({ hasText: 'Liver, later' })).toHaveCount(1);
  await expect(rows(dialog)).toHaveCount(2);
  await dialog
    .getByRole('group', { name: /^1 case in this file already exists here/ })
    .getByRole('button', { name: 'Keep both' })
    .click();
  await expect(rows(dialog)).toHaveCount(3);
  await expect(rows(dialog).filter({ hasText: 'Lung' })).toHaveCount(2);
});
