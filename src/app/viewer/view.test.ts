import { describe, expect, it } from 'vitest';
import { boxOf, FITTED, fitZoom, panBy, pixelAt, pointAt, zoomAt, zoomLimits, zoomTo } from './view';

const IMAGE = { width: 512, height: 256 };
const STAGE = { width: 600, height: 400 };

describe('the fitted view', () => {
  it('is as large as the stage allows, in its middle', () => {
    const zoom = 600 / 512;
    expect(boxOf(FITTED, IMAGE, STAGE)).toEqual({
      x: 0,
      y: (400 - 256 * zoom) / 2,
      width: 600,
      height: 256 * zoom,
      zoom,
    });
  });

  it('fits again when the stage changes', () => {
    expect(boxOf(FITTED, IMAGE, { width: 300, height: 400 }).width).toBe(300);
  });

  it('takes a stage without a size, as before the first layout', () => {
    expect(fitZoom(IMAGE, { width: 0, height: 0 })).toBe(1);
  });
});

describe('zooming', () => {
  it.each([
    { x: 300, y: 200 },
    { x: 10, y: 390 },
    { x: 590, y: 30 },
  ])('keeps what is under $x, $y', (at) => {
    const once = zoomAt(FITTED, 3, at, IMAGE, STAGE);
    const twice = zoomAt(once, 1.7, at, IMAGE, STAGE);
    expect(pointAt(twice, at, IMAGE, STAGE).x).toBeCloseTo(pointAt(once, at, IMAGE, STAGE).x, 9);
    expect(pointAt(twice, at, IMAGE, STAGE).y).toBeCloseTo(pointAt(once, at, IMAGE, STAGE).y, 9);
  });

  it('goes back and forth to where it was', () => {
    const at = { x: 320, y: 180 };
    const there = zoomAt(zoomTo(FITTED, 4, IMAGE, STAGE), 2, at, IMAGE, STAGE);
    const back = zoomAt(there, 0.5, at, IMAGE, STAGE);
    expect(boxOf(back, IMAGE, STAGE).zoom).toBeCloseTo(4, 9);
    expect(back.middle.x).toBeCloseTo(0.5, 9);
  });

  it('stays between the smaller of fit and 100 %, and far beyond a pixel', () => {
    const [least, most] = zoomLimits(IMAGE, STAGE);
    expect(least).toBe(1);
    expect(zoomLimits({ width: 6000, height: 6000 }, STAGE)[0]).toBeCloseTo(400 / 6000, 12);
    expect(zoomLimits({ width: 2, height: 2 }, STAGE)).toEqual([1, 200]);
    expect(boxOf(zoomTo(FITTED, 1e9, IMAGE, STAGE), IMAGE, STAGE).zoom).toBe(most);
    expect(boxOf(zoomTo(FITTED, 1e-9, IMAGE, STAGE), IMAGE, STAGE).zoom).toBe(least);
  });
});

describe('panning', () => {
  const near = zoomTo(FITTED, 4, IMAGE, STAGE);

  it('moves the image by what the hand moved', () => {
    const before = boxOf(near, IMAGE, STAGE);
    const after = boxOf(panBy(near, { x: 30, y: -20 }, IMAGE, STAGE), IMAGE, STAGE);
    expect(after.x - before.x).toBeCloseTo(30, 9);
    expect(after.y - before.y).toBeCloseTo(-20, 9);
  });

  it('never leaves an empty margin, and a smaller image in the middle', () => {
    const { x, y, width, height } = boxOf(panBy(near, { x: -1e6, y: 1e6 }, IMAGE, STAGE), IMAGE, STAGE);
    expect(x).toBeCloseTo(600 - width, 6);
    expect(y).toBeCloseTo(0, 6);
    expect(height).toBe(1024);
    expect(panBy(FITTED, { x: 50, y: 50 }, IMAGE, STAGE).middle).toEqual({ x: 0.5, y: 0.5 });
  });
});

describe('pixelAt', () => {
  it('names the pixel under a point, and none beside the image', () => {
    const exact = zoomTo(FITTED, 1, IMAGE, STAGE);
    expect(pixelAt(exact, { x: 44, y: 72 }, IMAGE, STAGE)).toEqual({ x: 0, y: 0 });
    expect(pixelAt(exact, { x: 44 + 511.9, y: 72 + 255.9 }, IMAGE, STAGE)).toEqual({ x: 511, y: 255 });
    expect(pixelAt(exact, { x: 43, y: 100 }, IMAGE, STAGE)).toBeNull();
    expect(pixelAt(exact, { x: 100, y: 72 + 256 }, IMAGE, STAGE)).toBeNull();
  });
});
