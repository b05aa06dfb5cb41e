import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { encodePng } from './pngWriter';

async function roundTrip(rgba: Uint8ClampedArray, width: number, height: number) {
  return decode(new Uint8Array(await (await encodePng(rgba, width, height)).arrayBuffer()));
}

/** The same noise every time. */
function noise(length: number, isGrey: boolean): Uint8ClampedArray {
  let state = 7;
  const next = () => (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 16;
  const rgba = new Uint8ClampedArray(length * 4);
  for (let i = 0; i < length; i++) {
    const [r, g, b] = [next(), next(), next()];
    rgba.set(isGrey ? [r & 255, r & 255, r & 255, 255] : [r & 255, g & 255, b & 255, 255], i * 4);
  }
  return rgba;
}

describe('encodePng', () => {
  it.each([
    ['colour', 3, false],
    ['grey', 1, true],
  ] as const)('writes %s pixels as they are', async (_, channels, isGrey) => {
    const [width, height] = [31, 17];
    const rgba = noise(width * height, isGrey);
    const read = await roundTrip(rgba, width, height);
    expect(read).toMatchObject({ width, height, depth: 8, channels });
    for (let i = 0; i < width * height; i++) {
      for (let channel = 0; channel < channels; channel++) {
        expect(read.data[i * channels + channel]).toBe(rgba[i * 4 + channel]);
      }
    }
  });
});
