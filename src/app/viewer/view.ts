/**
 * Where an image stands in the viewer. A view does not depend on the size of the stage: it holds what is in the middle and
 * how large, so that turning a phone or another thumbnail changes nothing. All lengths are CSS pixels or image pixels, as named.
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
  /** CSS pixels for one image pixel; null fits the image into the stage. */
  zoom: number | null;
  /** The image point in the middle of the stage, each from 0 to 1 of the image. */
  middle: Point;
}

/** The image's box on the stage, in CSS pixels from the stage's upper left corner. */
export interface Box extends Point, Size {
  /** CSS pixels for one image pixel. */
  zoom: number;
}

export const FITTED: View = { zoom: null, middle: { x: 0.5, y: 0.5 } };
/** One step of a key or a button. */
export const ZOOM_STEP = 1.25;
/** A pixel of the image as large as a fingernail: beyond it there is nothing more to see. */
const MAX_ZOOM = 64;
/** From here on pixels are drawn as squares: the image has no more to tell, and smoothing would make it up. */
const SHARP_ZOOM = 8;

/** The zoom at which the whole image is as large as the stage allows. */
export function fitZoom(image: Size, stage: Size): number {
  if (stage.width <= 0 || stage.height <= 0) return 1;
  return Math.min(stage.width / image.width, stage.height / image.height);
}

/** Smallest and largest zoom: never smaller than both the fitted image and its own size. */
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
  const { middle } = settle({ ...view, zoom }, image, stage);
  const [width, height] = [image.width * zoom, image.height * zoom];
  return {
    x: stage.width / 2 - middle.x * width,
    y: stage.height / 2 - middle.y * height,
    width,
    height,
    zoom,
  };
}

/** Zooms by a factor; the image point under `at` (CSS pixels on the stage) stays where it is. */
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
  return settle({ ...view, middle }, image, stage);
}

/** The place on the image, each from 0 to 1 inside of it, under a point of the stage. */
export function pointAt(view: View, at: Point, image: Size, stage: Size): Point {
  const box = boxOf(view, image, stage);
  return { x: (at.x - box.x) / box.width, y: (at.y - box.y) / box.height };
}

/** The image pixel under a point of the stage; null beside the image. */
export function pixelAt(view: View, at: Point, image: Size, stage: Size): Point | null {
  const place = pointAt(view, at, image, stage);
  if (place.x < 0 || place.y < 0 || place.x >= 1 || place.y >= 1) return null;
  return { x: Math.floor(place.x * image.width), y: Math.floor(place.y * image.height) };
}

/** Brings an image place (0 to 1) under a point of the stage. */
function placeAt(zoom: number, place: Point, at: Point, image: Size, stage: Size): View {
  const middle = {
    x: place.x + (stage.width / 2 - at.x) / (image.width * zoom),
    y: place.y + (stage.height / 2 - at.y) / (image.height * zoom),
  };
  return settle({ zoom, middle }, image, stage);
}

/** Keeps the stage filled: an image larger than it has no empty margin, a smaller one stands in the middle. */
function settle(view: View, image: Size, stage: Size): View {
  const zoom = zoomOf(view, image, stage);
  return {
    ...view,
    middle: {
      x: settleAxis(view.middle.x, image.width * zoom, stage.width),
      y: settleAxis(view.middle.y, image.height * zoom, stage.height),
    },
  };
}

function settleAxis(middle: number, length: number, room: number): number {
  // Rounding errors of the fitted length are no reason to move.
  if (length <= room + 1e-6) return 0.5;
  const margin = room / 2 / length;
  return Math.min(Math.max(middle, margin), 1 - margin);
}
