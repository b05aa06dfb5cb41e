/**
 * Position and zoom of an image in the viewer. A view doesn't depend on the size of the stage: it stores the zoom and the
 * image point in the middle, so that rotating a phone changes nothing. Lengths are CSS pixels or image pixels, as stated.
 */

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface View {
  /** CSS pixels per image pixel; null fits the image into the stage. */
  zoom: number | null;
  /** The image point in the middle of the stage; x and y from 0 to 1. */
  middle: Point;
}

/** The image's box on the stage, in CSS pixels from the stage's upper left corner. */
export interface Box extends Point, Size {
  /** CSS pixels per image pixel. */
  zoom: number;
}

export const FITTED: View = { zoom: null, middle: { x: 0.5, y: 0.5 } };
/** One step of a key or a button. */
export const ZOOM_STEP = 1.25;
/** CSS pixels per image pixel: about a fingernail. */
const MAX_ZOOM = 64;
/** From here on pixels are drawn as squares, since smoothing would suggest detail that isn't there. */
const SHARP_ZOOM = 8;

/** The zoom at which the whole image is as large as the stage allows. */
export function fitZoom(image: Size, stage: Size): number {
  if (stage.width <= 0 || stage.height <= 0) return 1;
  return Math.min(stage.width / image.width, stage.height / image.height);
}

/** Smallest and largest zoom. The smallest is the fitted size or the actual size, whichever is smaller. */
export function zoomLimits(image: Size, stage: Size): [least: number, most: number] {
  const fit = fitZoom(image, stage);
  return [Math.min(fit, 1), Math.max(fit, MAX_ZOOM)];
}

export function zoomOf(view: View, image: Size, stage: Size): number {
  return view.zoom ?? fitZoom(image, stage);
}

export function isSharp(zoom: number): boolean {
  return zoom >= SHARP_ZOOM;
}

export function boxOf(view: View, image: Size, stage: Size): Box {
  const zoom = zoomOf(view, image, stage);
  const { middle } = clampView({ ...view, zoom }, image, stage);
  const [width, height] = [image.width * zoom, image.height * zoom];
  return {
    x: stage.width / 2 - middle.x * width,
    y: stage.height / 2 - middle.y * height,
    width,
    height,
    zoom,
  };
}

/** Zooms by a factor; the image point at `at` (CSS pixels on the stage) stays in place. */
export function zoomAt(view: View, factor: number, at: Point, image: Size, stage: Size): View {
  const [least, most] = zoomLimits(image, stage);
  const zoom = Math.min(Math.max(zoomOf(view, image, stage) * factor, least), most);
  return placeAt(zoom, pointAt(view, at, image, stage), at, image, stage);
}

/** Sets the zoom around the middle of the stage. */
export function zoomTo(view: View, zoom: number, image: Size, stage: Size): View {
  const factor = zoom / zoomOf(view, image, stage);
  return zoomAt(view, factor, { x: stage.width / 2, y: stage.height / 2 }, image, stage);
}

/** Moves the image by CSS pixels. */
export function panBy(view: View, by: Point, image: Size, stage: Size): View {
  const { width, height } = boxOf(view, image, stage);
  const middle = { x: view.middle.x - by.x / width, y: view.middle.y - by.y / height };
  return clampView({ ...view, middle }, image, stage);
}

/** The image point under a point of the stage; x and y are from 0 to 1 inside the image. */
export function pointAt(view: View, at: Point, image: Size, stage: Size): Point {
  const box = boxOf(view, image, stage);
  return { x: (at.x - box.x) / box.width, y: (at.y - box.y) / box.height };
}

/** The image pixel under a point of the stage; null outside of the image. */
export function pixelAt(view: View, at: Point, image: Size, stage: Size): Point | null {
  const place = pointAt(view, at, image, stage);
  if (place.x < 0 || place.y < 0 || place.x >= 1 || place.y >= 1) return null;
  return { x: Math.floor(place.x * image.width), y: Math.floor(place.y * image.height) };
}

/** Moves an image point (0 to 1) under a point of the stage. */
function placeAt(zoom: number, place: Point, at: Point, image: Size, stage: Size): View {
  const middle = {
    x: place.x + (stage.width / 2 - at.x) / (image.width * zoom),
    y: place.y + (stage.height / 2 - at.y) / (image.height * zoom),
  };
  return clampView({ zoom, middle }, image, stage);
}

/** Limits panning: an image larger than the stage leaves no margin, a smaller one is centred. */
function clampView(view: View, image: Size, stage: Size): View {
  const zoom = zoomOf(view, image, stage);
  return {
    ...view,
    middle: {
      x: clampAxis(view.middle.x, image.width * zoom, stage.width),
      y: clampAxis(view.middle.y, image.height * zoom, stage.height),
    },
  };
}

function clampAxis(middle: number, length: number, room: number): number {
  // Tolerates rounding errors of the fitted size.
  if (length <= room + 1e-6) return 0.5;
  const margin = room / 2 / length;
  return Math.min(Math.max(middle, margin), 1 - margin);
}
