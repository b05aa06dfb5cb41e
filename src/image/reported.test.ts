/** Files of kinds that people reported about other viewers, against Pillow, nibabel and numpy (models/goldens/images/README.md). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import vectors from '../../models/goldens/images/reported.json';
import { decodeImage } from './decode';

const FOLDER = join(import.meta.dirname, '../../models/goldens/images');
/** These take a browser: reported.browser.test.ts. */
const HERE = vectors.filter(({ file }) => !/\.(webp|gif|avif)$/.test(file));

it.each(HERE)('reads $file as the reference does', async ({ file, size, rgb }) => {
  const image = await decodeImage(new Blob([readFileSync(join(FOLDER, file))]), { name: file });
  expect([image.width, image.height]).toEqual(size);
  expect(createHash('sha256').update(image.data).digest('hex')).toBe(rgb);
});

it('says that a picture uses few of its bits', async () => {
  const file = join(FOLDER, 'reported/p8_12bit_in_16.png');
  const { facts } = await decodeImage(new Blob([readFileSync(file)]));
  expect(facts.usedBits).toEqual({ used: 12, stored: 16 });
  expect(facts.window).toEqual(facts.presets[1]!.window);
});
