/** What is drawn of an image in the viewer. */
import type { ImageFacts, RawValues } from '../../../shared/imageFacts';
import type { WindowRange } from '../../../shared/windowing';
import { isSameWindow } from '../../viewer/windowDrag';
import type { CachedFrame } from './frameCache';

/** Pixels, or raw values that the page windows itself. */
export interface Shown {
  width: number;
  height: number;
  pixels:
    | { kind: 'rgba'; rgba: Uint8ClampedArray<ArrayBuffer> }
    | { kind: 'raw'; raw: RawValues; window: WindowRange };
  facts: ImageFacts;
  /** Null for colour and 8-bit images, which have no raw values. */
  raw: RawValues | null;
}

/** @returns null if only the worker can draw the frame in this window: it alone knows the file's own window */
export function shownOf(cached: CachedFrame, window: WindowRange | null): Shown | null {
  const { rgba, raw, width, height } = cached.preview;
  const drawn = { width, height, facts: cached.preview, raw: raw ?? null };
  if (isSameWindow(cached.window, window)) return { ...drawn, pixels: { kind: 'rgba', rgba } };
  return window && raw ? { ...drawn, pixels: { kind: 'raw', raw, window } } : null;
}
