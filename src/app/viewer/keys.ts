/** The viewer's keyboard shortcuts. */

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

/** Null for keys without an action, and for combinations that belong to the browser. */
export function keyAction(event: KeyboardEvent): KeyAction | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  return ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? null;
}

/** An arrow key counts as a drag by this many CSS pixels. */
export const ARROW_PX = 32;

/** Rows of the help, in order. */
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
