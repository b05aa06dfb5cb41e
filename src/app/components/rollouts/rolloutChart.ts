/** Geometry of the bars in RolloutChart.svelte, in the units of its viewBox. */

export interface ChartBar {
  x: number;
  y: number;
  width: number;
  height: number;
  /** Middle of the bar, for its labels. */
  center: number;
}

export interface ChartFrame {
  left: number;
  right: number;
  /** y of `max` and of `min`. */
  top: number;
  bottom: number;
  min: number;
  max: number;
}

/** Width of a bar relative to the space it has; the rest is the gap. */
const BAR_SHARE = 0.72;

/** The y coordinate of a value. */
export function yOf(value: number, { top, bottom, min, max }: ChartFrame): number {
  return bottom - ((value - min) / (max - min)) * (bottom - top);
}

/** One bar for each value, from zero up or down. */
export function barsOf(values: readonly number[], frame: ChartFrame): ChartBar[] {
  const place = (frame.right - frame.left) / Math.max(values.length, 1);
  const zero = yOf(0, frame);
  return values.map((value, index) => {
    const center = frame.left + (index + 0.5) * place;
    const end = yOf(value, frame);
    return {
      x: center - (place * BAR_SHARE) / 2,
      y: Math.min(zero, end),
      width: place * BAR_SHARE,
      height: Math.abs(zero - end),
      center,
    };
  });
}
