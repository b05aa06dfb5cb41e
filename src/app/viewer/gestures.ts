/** Pointers and wheels over the viewer's stage → what they mean. Knows no image; the stage says what its drags do. */
import type { Point } from './view';

export type Drag = 'pan' | 'window';

export interface GestureTargets {
  /** What a drag with this button (0 main, 1 middle, 2 other) does; null leaves it to the browser. */
  dragOf: (button: number) => Drag | null;
  /** CSS pixels since the last call. */
  onPan: (by: Point) => void;
  onWindowStart: () => void;
  /** CSS pixels since the drag began. */
  onWindow: (by: Point) => void;
  onZoom: (factor: number, at: Point) => void;
  onDoubleClick: (at: Point) => void;
  /** Whole steps of a wheel, downwards positive. Returns false where they mean zoom. */
  onSteps: (steps: number) => boolean;
  /** Zooms by a wheel without a key. Returns false where there is nothing to zoom: then the page scrolls. */
  onWheelZoom: (factor: number, at: Point) => boolean;
  /** The pointer's place, null once it has left. */
  onHover: (at: Point | null) => void;
  /** Whether one finger belongs to the viewer; else it scrolls the page. */
  ownsTouch: () => boolean;
}

const DOUBLE_CLICK_MS = 350;
const STILL_PX = 8;
/** A notch of a mouse's wheel scrolls about 100 pixels, a trackpad sends many small amounts. */
const NOTCH_PX = 50;
const LINE_PX = 20;
const WHEEL_ZOOM = 0.002;
/** A pinch on a trackpad comes as a wheel with Ctrl and small amounts. */
const PINCH_ZOOM = 0.01;

export function gestures(targets: GestureTargets): (element: HTMLElement) => () => void {
  return (element) => new Gestures(element, targets).listen();
}

interface Press {
  drag: Drag | null;
  start: Point;
  hasMoved: boolean;
}

class Gestures {
  readonly #element: HTMLElement;
  readonly #targets: GestureTargets;
  readonly #pointers = new Map<number, Point>();
  #press: Press | null = null;
  #lastClick = { time: -Infinity, at: { x: 0, y: 0 } };
  #wheel = 0;

  constructor(element: HTMLElement, targets: GestureTargets) {
    this.#element = element;
    this.#targets = targets;
  }

  listen(): () => void {
    const abort = new AbortController();
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      listener: (event: HTMLElementEventMap[K]) => void,
    ): void => this.#element.addEventListener(type, listener, { signal: abort.signal, passive: false });
    on('pointerdown', (event) => this.#down(event));
    on('pointermove', (event) => this.#move(event));
    on('pointerup', (event) => this.#up(event));
    on('pointercancel', (event) => this.#release(event));
    on('pointerleave', () => this.#targets.onHover(null));
    on('wheel', (event) => this.#turn(event));
    on('contextmenu', (event) => {
      if (this.#targets.dragOf(2)) event.preventDefault();
    });
    // The middle button would begin to scroll by itself.
    on('mousedown', (event) => {
      if (event.button === 1) event.preventDefault();
    });
    on('touchstart', (event) => {
      if (event.touches.length > 1 || this.#targets.ownsTouch()) event.preventDefault();
    });
    return () => abort.abort();
  }

  #down(event: PointerEvent): void {
    const at = this.#place(event);
    this.#pointers.set(event.pointerId, at);
    this.#targets.onHover(at);
    if (this.#pointers.size > 1) {
      this.#press = null;
      return;
    }
    const drag = this.#targets.dragOf(event.button);
    this.#press = { drag, start: at, hasMoved: false };
    // Touches are captured by themselves; captured by hand they could not be given to the page for scrolling.
    if (drag && event.pointerType !== 'touch') this.#element.setPointerCapture(event.pointerId);
    // What a prevented touch no longer does by itself.
    this.#element.focus({ preventScroll: true });
  }

  #move(event: PointerEvent): void {
    const at = this.#place(event);
    const before = this.#pointers.get(event.pointerId);
    this.#targets.onHover(at);
    if (!before) return;
    if (this.#pointers.size === 2) this.#pinch(event.pointerId, before, at);
    else this.#drag(before, at);
    this.#pointers.set(event.pointerId, at);
  }

  #drag(before: Point, at: Point): void {
    const press = this.#press;
    if (!press?.drag) return;
    const moved = minus(at, press.start);
    if (!press.hasMoved) {
      if (Math.hypot(moved.x, moved.y) < 3) return;
      press.hasMoved = true;
      if (press.drag === 'window') this.#targets.onWindowStart();
    }
    if (press.drag === 'window') this.#targets.onWindow(moved);
    else this.#targets.onPan(minus(at, before));
  }

  /** Two fingers: the middle between them moves the image, their distance makes it larger. */
  #pinch(id: number, before: Point, at: Point): void {
    const other = [...this.#pointers].find(([otherId]) => otherId !== id)?.[1];
    if (!other) return;
    const factor = distance(at, other) / Math.max(distance(before, other), 1);
    const middle = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
    this.#targets.onZoom(factor, middle);
    this.#targets.onPan({ x: (at.x - before.x) / 2, y: (at.y - before.y) / 2 });
  }

  #up(event: PointerEvent): void {
    const at = this.#place(event);
    const press = this.#press;
    this.#release(event);
    if (!press || event.button !== 0 || distance(at, press.start) > STILL_PX) return;
    const { time, at: earlier } = this.#lastClick;
    const isDouble = event.timeStamp - time < DOUBLE_CLICK_MS && distance(at, earlier) < 3 * STILL_PX;
    this.#lastClick = { time: isDouble ? -Infinity : event.timeStamp, at };
    if (isDouble) this.#targets.onDoubleClick(at);
  }

  #release(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    this.#press = null;
    if (event.pointerType === 'touch') this.#targets.onHover(null);
  }

  #turn(event: WheelEvent): void {
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * LINE_PX;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const speed = Math.abs(pixels) < NOTCH_PX ? PINCH_ZOOM : WHEEL_ZOOM;
      this.#targets.onZoom(Math.exp(-pixels * speed), this.#place(event));
      return;
    }
    if (this.#step(pixels)) {
      event.preventDefault();
      return;
    }
    if (pixels === 0) return;
    const factor = Math.exp(-pixels * WHEEL_ZOOM);
    if (this.#targets.onWheelZoom(factor, this.#place(event))) event.preventDefault();
  }

  /** A notch is one frame, however many pixels it has; small amounts of a trackpad add up to one. */
  #step(pixels: number): boolean {
    if (Math.abs(pixels) >= NOTCH_PX) this.#wheel = 0;
    else if (Math.sign(pixels) !== Math.sign(this.#wheel)) this.#wheel = 0;
    this.#wheel += pixels;
    if (Math.abs(this.#wheel) < NOTCH_PX) return this.#targets.onSteps(0);
    const steps = Math.sign(this.#wheel);
    this.#wheel = 0;
    return this.#targets.onSteps(steps);
  }

  #place(event: MouseEvent): Point {
    const { left, top } = this.#element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }
}

function minus(a: Point, b: Point): Point {
  return { x: a.x - b.x, y: a.y - b.y };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
