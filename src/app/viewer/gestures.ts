/** Turns pointer and wheel events on the viewer's stage into gestures. Handlers decide what the gestures do. */
import type { Point } from './view';

export type Drag = 'pan' | 'window';

export interface GestureHandlers {
  /** What dragging with a button does (0 main, 1 middle, 2 secondary); null leaves it to the browser. */
  dragOf: (button: number) => Drag | null;
  /** CSS pixels since the last call. */
  onPan: (by: Point) => void;
  onWindowStart: () => void;
  /** CSS pixels since the drag started. */
  onWindow: (by: Point) => void;
  onZoom: (factor: number, at: Point) => void;
  onDoubleClick: (at: Point) => void;
  /** Whole steps of the wheel, positive downwards. Returns false if the wheel zooms instead. */
  onSteps: (steps: number) => boolean;
  /** Zooms by the wheel without a key. Returns false if it can't: then the page scrolls. */
  onWheelZoom: (factor: number, at: Point) => boolean;
  /** The pointer's position; null after it left. */
  onHover: (at: Point | null) => void;
  /** Whether dragging with one finger acts on the viewer; else it scrolls the page. */
  ownsTouch: () => boolean;
}

const DOUBLE_CLICK_MS = 350;
const STILL_PX = 8;
/** A notch of a mouse wheel scrolls about 100 pixels; a trackpad sends many small amounts. */
const NOTCH_PX = 50;
const LINE_PX = 20;
const WHEEL_ZOOM = 0.002;
/** A pinch on a trackpad arrives as wheel events with Ctrl and small amounts. */
const PINCH_ZOOM = 0.01;

export function gestures(handlers: GestureHandlers): (element: HTMLElement) => () => void {
  return (element) => new Gestures(element, handlers).listen();
}

interface Press {
  drag: Drag | null;
  start: Point;
  hasMoved: boolean;
}

class Gestures {
  readonly #element: HTMLElement;
  readonly #handlers: GestureHandlers;
  readonly #pointers = new Map<number, Point>();
  #press: Press | null = null;
  #lastClick = { time: -Infinity, at: { x: 0, y: 0 } };
  #wheel = 0;

  constructor(element: HTMLElement, handlers: GestureHandlers) {
    this.#element = element;
    this.#handlers = handlers;
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
    on('pointerleave', () => this.#handlers.onHover(null));
    on('wheel', (event) => this.#turn(event));
    on('contextmenu', (event) => {
      if (this.#handlers.dragOf(2)) event.preventDefault();
    });
    // Otherwise the middle button would start autoscroll.
    on('mousedown', (event) => {
      if (event.button === 1) event.preventDefault();
    });
    on('touchstart', (event) => {
      if (event.touches.length > 1 || this.#handlers.ownsTouch()) event.preventDefault();
    });
    return () => abort.abort();
  }

  #down(event: PointerEvent): void {
    const at = this.#place(event);
    this.#pointers.set(event.pointerId, at);
    this.#handlers.onHover(at);
    if (this.#pointers.size > 1) {
      this.#press = null;
      return;
    }
    const drag = this.#handlers.dragOf(event.button);
    this.#press = { drag, start: at, hasMoved: false };
    // Touches are captured implicitly; explicit capture would prevent the page from scrolling.
    if (drag && event.pointerType !== 'touch') this.#element.setPointerCapture(event.pointerId);
    // A prevented touch doesn't move the focus.
    this.#element.focus({ preventScroll: true });
  }

  #move(event: PointerEvent): void {
    const at = this.#place(event);
    const before = this.#pointers.get(event.pointerId);
    this.#handlers.onHover(at);
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
      if (press.drag === 'window') this.#handlers.onWindowStart();
    }
    if (press.drag === 'window') this.#handlers.onWindow(moved);
    else this.#handlers.onPan(minus(at, before));
  }

  /** Two fingers: moving their midpoint pans, changing their distance zooms. */
  #pinch(id: number, before: Point, at: Point): void {
    const other = [...this.#pointers].find(([otherId]) => otherId !== id)?.[1];
    if (!other) return;
    const factor = distance(at, other) / Math.max(distance(before, other), 1);
    const middle = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
    this.#handlers.onZoom(factor, middle);
    this.#handlers.onPan({ x: (at.x - before.x) / 2, y: (at.y - before.y) / 2 });
  }

  #up(event: PointerEvent): void {
    const at = this.#place(event);
    const press = this.#press;
    this.#release(event);
    if (!press || event.button !== 0 || distance(at, press.start) > STILL_PX) return;
    const { time, at: earlier } = this.#lastClick;
    const isDouble = event.timeStamp - time < DOUBLE_CLICK_MS && distance(at, earlier) < 3 * STILL_PX;
    this.#lastClick = { time: isDouble ? -Infinity : event.timeStamp, at };
    if (isDouble) this.#handlers.onDoubleClick(at);
  }

  #release(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    this.#press = null;
    if (event.pointerType === 'touch') this.#handlers.onHover(null);
  }

  #turn(event: WheelEvent): void {
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * LINE_PX;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const speed = Math.abs(pixels) < NOTCH_PX ? PINCH_ZOOM : WHEEL_ZOOM;
      this.#handlers.onZoom(Math.exp(-pixels * speed), this.#place(event));
      return;
    }
    if (this.#step(pixels)) {
      event.preventDefault();
      return;
    }
    if (pixels === 0) return;
    const factor = Math.exp(-pixels * WHEEL_ZOOM);
    if (this.#handlers.onWheelZoom(factor, this.#place(event))) event.preventDefault();
  }

  /** A wheel notch is one step, however many pixels it has; small amounts of a trackpad add up. */
  #step(pixels: number): boolean {
    if (Math.abs(pixels) >= NOTCH_PX) this.#wheel = 0;
    else if (Math.sign(pixels) !== Math.sign(this.#wheel)) this.#wheel = 0;
    this.#wheel += pixels;
    if (Math.abs(this.#wheel) < NOTCH_PX) return this.#handlers.onSteps(0);
    const steps = Math.sign(this.#wheel);
    this.#wheel = 0;
    return this.#handlers.onSteps(steps);
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
