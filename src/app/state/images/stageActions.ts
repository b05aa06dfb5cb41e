/** What gestures and keys on the viewer’s stage do to an image and its view. */
import type { WindowRange } from '../../../shared/windowing';
import type { GestureHandlers } from '../../viewer/gestures';
import { ARROW_PX, keyAction, type KeyAction } from '../../viewer/keys';
import type { Point } from '../../viewer/view';
import { dragWindow } from '../../viewer/windowDrag';
import type { TrayImage } from './trayImage.svelte';

/** @param image the one that is on the stage when a gesture begins */
export function stageTargets(image: () => TrayImage, onHover: (at: Point | null) => void): GestureHandlers {
  let dragged: WindowRange | null = null;
  const viewer = (): TrayImage['viewer'] => image().viewer;
  return {
    dragOf: (button) => {
      if (button === 1) return 'pan';
      if (button === 0) return viewer().tool === 'window' && image().canWindow ? 'window' : 'pan';
      return image().canWindow ? 'window' : null;
    },
    onPan: (by) => viewer().panBy(by),
    onWindowStart: () => (dragged = image().startRange),
    onWindow: (by) => dragged && moveWindow(image(), dragged, by),
    onZoom: (factor, at) => viewer().zoomBy(factor, at),
    onDoubleClick: (at) => (viewer().isFitted ? viewer().actualSize(at) : viewer().fit()),
    onSteps: (steps) => {
      if (image().frames === 1) return false;
      image().showFrame(image().frame + steps);
      return true;
    },
    // Zoomed out past the fitted image, the wheel scrolls the page again, so that a large image is not a trap.
    onWheelZoom: (factor, at) => viewer().wheelZoom(factor, at),
    onHover,
    ownsTouch: () => viewer().canPan || (viewer().tool === 'window' && image().canWindow),
  };
}

function moveWindow(image: TrayImage, from: WindowRange, by: Point): void {
  image.useWindow(dragWindow(from, by, image.shown?.raw?.shape ?? 'LINEAR'));
}

/** @returns whether the key was handled */
export function runKey(event: KeyboardEvent, image: TrayImage, onHelp: () => void): boolean {
  const action = keyAction(event);
  if (action === null) return false;
  if (action === 'help') onHelp();
  else if (ARROWS[action]) return arrow(image, ARROWS[action]);
  else if (FRAME_KEYS[action]) {
    if (image.frames === 1) return false;
    FRAME_KEYS[action](image);
  } else VIEW_KEYS[action]?.(image);
  return true;
}

/** The direction to look in; the image moves the opposite way. */
const ARROWS: Partial<Record<KeyAction, Point>> = {
  left: { x: -1, y: 0 },
  right: { x: 1, y: 0 },
  up: { x: 0, y: -1 },
  down: { x: 0, y: 1 },
};

/** An arrow key that moves nothing is left to the page, which may scroll. */
function arrow(image: TrayImage, { x, y }: Point): boolean {
  const { viewer } = image;
  if (viewer.tool === 'window' && image.canWindow) {
    const from = image.startRange;
    if (from) moveWindow(image, from, { x: x * (ARROW_PX / 4), y: y * (ARROW_PX / 4) });
    return from !== null;
  }
  if (viewer.canPan) viewer.panBy({ x: -x * ARROW_PX, y: -y * ARROW_PX });
  return viewer.canPan;
}

const FRAME_KEYS: Partial<Record<KeyAction, (image: TrayImage) => void>> = {
  next: (image) => image.showFrame(image.frame + 1),
  previous: (image) => image.showFrame(image.frame - 1),
  first: (image) => image.showFrame(0),
  last: (image) => image.showFrame(image.frames - 1),
  play: ({ viewer }) => (viewer.isPlaying = !viewer.isPlaying),
};

const VIEW_KEYS: Partial<Record<KeyAction, (image: TrayImage) => void>> = {
  zoomIn: ({ viewer }) => viewer.zoomIn(),
  zoomOut: ({ viewer }) => viewer.zoomOut(),
  fit: ({ viewer }) => viewer.fit(),
  actualSize: ({ viewer }) => viewer.actualSize(),
  windowTool: toggleWindowTool,
  invert: ({ viewer }) => (viewer.isInverted = !viewer.isInverted),
  modelView: (image) => {
    if (image.modelPixels) image.viewer.showsModel = !image.viewer.showsModel;
  },
  reset: (image) => image.reset(),
};

export function toggleWindowTool(image: TrayImage): void {
  if (!image.canWindow) return;
  image.viewer.tool = image.viewer.tool === 'window' ? 'pan' : 'window';
}
