/** Real image files for tests of the page: those whose values are known from the reference readers. */
import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RoundsPage, type TestFile } from './fake/pageObject';

/** @param path below models/goldens/images */
export function fileOf(path: string): TestFile {
  const bytes = readFileSync(fileURLToPath(new URL(`../models/goldens/images/${path}`, import.meta.url)));
  return { name: path.split('/').pop() ?? path, type: '', bytes };
}

/** An MR slice of 64 × 64 with a window of its own, and with a patient. */
export const MR = fileOf('pydicom/MR_small.dcm');
/** Four axes: three volumes of 4 × 6 × 5 voxels. */
export const SERIES = fileOf('made/series.nii.gz');

/** Adds files and waits until the viewer shows one. */
export async function openFiles(page: Page, ...files: TestFile[]): Promise<RoundsPage> {
  const rounds = new RoundsPage(page);
  await rounds.pick(...files);
  await page.getByRole('toolbar', { name: 'Viewer tools' }).waitFor();
  return rounds;
}
