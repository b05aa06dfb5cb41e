/** Keys of the viewer. */

export type KeyAction =
  | 'zoomIn'
  | 'zoomOut'
  | 'fit'
  | 'actualSize'
  | 'left'
  | 'right'
  | 'up'
  | 'down'
  | 'next'
  | 'previous'
  | 'first'
  | 'last'
  | 'play'
  | 'windowTool'
  | 'invert'
  | 'modelView'
  | 'reset'
  | 'help';

const ACTIONS: Readonly<Record<string, KeyAction>> = {
  '+': 'zoomIn',
  '=': 'zoomIn',
  '-': 'zoomOut',
  '0': 'fit',
  f: 'fit',
  '1': 'actualSize',
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  PageDown: 'next',
  PageUp: 'previous',
  Home: 'first',
  End: 'last',
  ' ': 'play',
  w: 'windowTool',
  i: 'invert',
  m: 'modelView',
  r: 'reset',
  '?': 'help',
};

/** Null for keys that mean nothing here, and for those that the browser needs. */
export function keyAction(event: KeyboardEvent): KeyAction | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  return ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? null;
}

/** One press of an arrow: how far the hand would have moved, in CSS pixels. */
export const ARROW_PX = 32;

/** What the help lists, in its order. */
export const KEY_ROWS = [
  { keys: ['+', '−'], what: 'image.keyZoom' },
  { keys: ['0', '1'], what: 'image.keyFit' },
  { keys: ['←', '→', '↑', '↓'], what: 'image.keyPan' },
  { keys: ['W'], what: 'image.keyWindow' },
  { keys: ['PgUp', 'PgDn'], what: 'image.keyFrame' },
  { keys: ['Home', 'End'], what: 'image.keyEnds' },
  { keys: ['Space'], what: 'image.keyPlay' },
  { keys: ['I'], what: 'image.keyInvert' },
  { keys: ['M'], what: 'image.keyModel' },
  { keys: ['R'], what: 'image.keyReset' },
] as const;

export const POINTER_ROWS = [
  { gesture: 'image.gestureWheel', what: 'image.gestureWheelDoes' },
  { gesture: 'image.gestureCtrlWheel', what: 'image.gestureCtrlWheelDoes' },
  { gesture: 'image.gestureDrag', what: 'image.gestureDragDoes' },
  { gesture: 'image.gestureRightDrag', what: 'image.gestureRightDragDoes' },
  { gesture: 'image.gestureDouble', what: 'image.gestureDoubleDoes' },
] as const;
