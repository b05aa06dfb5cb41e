/** Real drops: Chromium reads the paths itself, so that folders are folders. */
import type { Page } from '@playwright/test';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dicomFile, imageElements, type TestElement } from '../src/image/dicom/testing/testDicom';

/** Drops files and folders of the disk in the middle of the page. */
export async function dropPaths(page: Page, ...paths: string[]): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await client.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
  }
  await client.detach();
}

export interface SliceOptions {
  series?: string;
  /** Index along the normal, which is also the grey level of the picture. */
  at: number;
  instance?: number;
  rows?: number;
  isSagittal?: boolean;
}

/** An MR slice of 32 columns whose picture has one level. */
export async function sliceFile({
  series = '1.2.3',
  at,
  instance,
  rows = 32,
  isSagittal = false,
}: SliceOptions) {
  const text = (tag: [number, number], value: string): TestElement => ({ tag, vr: 'LO', value });
  const elements = imageElements({
    ...{ rows, columns: 32, pixels: Array.from({ length: rows * 32 }, () => at) },
    more: [
      text([0x0008, 0x0018], `${series}.${rows}.${at}.${isSagittal ? 1 : 0}`),
      text([0x0008, 0x0060], 'MR'),
      text([0x0020, 0x000e], series),
      text([0x0020, 0x0013], String(instance ?? at + 1)),
      text([0x0020, 0x0032], isSagittal ? `${at}\\0\\0` : `0\\0\\${at}`),
      text([0x0020, 0x0037], isSagittal ? '0\\1\\0\\0\\0\\-1' : '1\\0\\0\\0\\1\\0'),
      text([0x0028, 0x1050], '128'),
      text([0x0028, 0x1051], '256'),
    ],
  });
  return dicomFile(elements.toSorted((a, b) => a.tag[0] - b.tag[0] || a.tag[1] - b.tag[1]));
}

/** Writes files below a folder and returns the folder. */
export async function folderOf(
  folder: string,
  files: Record<string, Uint8Array | Promise<Uint8Array>>,
): Promise<string> {
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await bytes);
  }
  return folder;
}
