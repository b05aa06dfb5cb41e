/**
 * What the page draws while a hand drags is what the worker gives the model once it rests: the same bytes, on the sample files
 * whose levels are those of pydicom (reference.test.ts), for every window function, MONOCHROME1, and fractional values.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DecodedImage } from '../../image/decoded';
import { decodeImage } from '../../image/decode';
import type { WindowFunction } from '../../shared/imageFacts';
import { extent, windowPixels } from './windowPixels';

const FOLDER = join(import.meta.dirname, '../../../models/goldens/images');
const blobOf = (path: string) => new Blob([readFileSync(join(FOLDER, path))]);

/** Bytes that differ, and by how much at most; the page's picture has alpha, the worker's has none. */
function compare(image: DecodedImage, rgba: Uint8ClampedArray) {
  let [count, most] = [0, 0];
  for (let pixel = 0; pixel < image.width * image.height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const apart = Math.abs(image.data[pixel * 3 + channel]! - rgba[pixel * 4 + channel]!);
      if (apart > 0) count += 1;
      most = Math.max(most, apart);
    }
    if (rgba[pixel * 4 + 3] !== 255) count += 1;
  }
  return { count, most };
}

function draw(image: DecodedImage, window: [number, number]): Uint8ClampedArray {
  const rgba = new Uint8ClampedArray(image.width * image.height * 4);
  windowPixels(image.raw!, window, rgba);
  return rgba;
}

const FILES = ['pydicom', 'made'].flatMap((folder) =>
  readdirSync(join(FOLDER, folder))
    .filter((name) => !/\.(json|md)$/.test(name))
    .map((name) => `${folder}/${name}`),
);

async function greyFiles(): Promise<[string, DecodedImage][]> {
  const read = FILES.map(
    async (path) => [path, await decodeImage(blobOf(path), { raw: true })] as [string, DecodedImage],
  );
  const files = await Promise.all(read);
  return files.filter(([, { raw }]) => raw !== undefined);
}

describe('windowPixels', () => {
  it('draws what the worker does, in every grey sample file', async () => {
    const files = await greyFiles();
    const shapes = new Set<WindowFunction>();
    let inverted = 0;
    let fractional = 0;
    for (const [path, image] of files) {
      const [least, most] = extent(image.raw!.values);
      const own = image.facts.window;
      const middle: [number, number] = [(least + most) / 2, Math.max((most - least) / 3, 2)];
      for (const window of [own, middle].filter((range) => range !== null)) {
        const asked = await decodeImage(blobOf(path), { raw: true, window });
        const { count } = compare(asked, draw(asked, window));
        expect({ path, window, count }).toEqual({ path, window, count: 0 });
      }
      // The file's own window needs no asking: it is what was drawn first.
      if (own) expect({ path, ...compare(image, draw(image, own)) }).toEqual({ path, count: 0, most: 0 });
      shapes.add(image.raw!.shape);
      if (image.raw!.isInverted) inverted += 1;
      if (image.raw!.values instanceof Float32Array) fractional += 1;
    }
    expect([...shapes].sort()).toEqual(['LINEAR', 'LINEAR_EXACT', 'SIGMOID']);
    expect(files.length).toBeGreaterThan(50);
    expect(inverted).toBeGreaterThan(1);
    expect(fractional).toBeGreaterThan(3);
  });

  it('draws NaN and infinite values black', () => {
    const rgba = new Uint8ClampedArray(8);
    windowPixels({ values: Float32Array.of(NaN, 10), shape: 'LINEAR', isInverted: false }, [5, 10], rgba);
    expect([...rgba]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
  });
});

it('extent leaves out NaN and infinite values', () => {
  expect(extent(Float32Array.of(NaN, 3, -2))).toEqual([-2, 3]);
  expect(extent(Float32Array.of(NaN))).toEqual([0, 0]);
});
