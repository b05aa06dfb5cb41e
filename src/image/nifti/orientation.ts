/** How the axes of a volume run through the patient, and the voxels of a slice in display order. */
import type { Plane } from '../../shared/imageFacts';
import { checkDimensions } from '../dimensions';
import type { NiftiHeader } from './header';
import type { SlicePath } from './voxels';

export interface Orientation {
  /** Of the axes right, anterior, superior: voxels, step between neighbours in the array, and direction. */
  axes: { count: number; stride: number; isReversed: boolean; millimetres: number }[];
  slices: Record<Plane, number>;
  /** Height of a pixel divided by its width. */
  aspects: Record<Plane, number>;
}

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

/** Assigns to each axis of the patient the array axis that is nearest to it. */
export function orient({ axes, size }: NiftiHeader): Orientation {
  const lengths = [0, 1, 2].map((column) => Math.hypot(...axes.map((row) => row[column]!)) || 1);
  const cosine = (row: number, column: number): number => (axes[row]?.[column] ?? 0) / lengths[column]!;
  const fit = (order: number[]): number =>
    order.reduce((sum, column, row) => sum + Math.abs(cosine(row, column)), 0);
  const order = ORDERS.reduce((best, other) => (fit(other) > fit(best) + 1e-9 ? other : best));
  const strides = [1, size[0], size[0] * size[1]];
  const found = order.map((column, row) => ({
    count: size[column]!,
    stride: strides[column]!,
    isReversed: cosine(row, column) < 0,
    millimetres: lengths[column]!,
  }));
  const [right, anterior, superior] = found as [Axis, Axis, Axis];
  return {
    axes: found,
    slices: { axial: superior.count, coronal: anterior.count, sagittal: right.count },
    aspects: {
      axial: anterior.millimetres / right.millimetres,
      coronal: superior.millimetres / right.millimetres,
      sagittal: superior.millimetres / anterior.millimetres,
    },
  };
}

type Axis = Orientation['axes'][number];

/** Axes of a plane: to the right of the picture, down, and through the slices. All but the last run backwards. */
const LAYOUT: Record<Plane, [across: number, down: number, through: number]> = {
  axial: [0, 1, 2],
  coronal: [0, 2, 1],
  sagittal: [1, 2, 0],
};

/**
 * @param slice counted from the feet, the back or the patient's left
 * @returns how the slice runs through the volume, in voxels
 * @throws RoundsError image_invalid, image_too_large; before anything is allocated
 */
export function slicePath({ axes }: Orientation, plane: Plane, slice: number): SlicePath {
  const [across, down, through] = LAYOUT[plane].map((axis) => axes[axis]!) as [Axis, Axis, Axis];
  const [width, height] = [across.count, down.count];
  checkDimensions({ width, height });
  const place = ({ count, stride, isReversed }: Axis, at: number): number =>
    (isReversed ? count - 1 - at : at) * stride;
  return {
    width,
    height,
    start: place(through, slice) + place(down, height - 1) + place(across, width - 1),
    across: across.isReversed ? across.stride : -across.stride,
    down: down.isReversed ? down.stride : -down.stride,
  };
}
