/** Where in its file an image is: frame, plane and volume, and the window. */
import type { ImageInput } from '../../../shared/generation';
import type { Plane } from '../../../shared/imageFacts';
import type { WindowRange } from '../../../shared/windowing';

export interface Place {
  plane: Plane;
  volume: number;
  /** Null: the file's initial frame. Of a stack, the index of the slice. */
  frame: number | null;
}

/** What `ImageInput` says besides the file. */
export interface ImagePlace extends Place {
  window: WindowRange | null;
}

/** The same picture always gives an equal input: initial values of the file are left out. */
export function inputOf(
  { blob, name }: Pick<ImageInput, 'blob' | 'name'>,
  { plane, volume, frame }: Place,
  window: WindowRange | null,
): ImageInput {
  return {
    blob,
    name,
    ...(frame === null ? {} : { frame }),
    ...(window ? { window: [...window] as WindowRange } : {}),
    ...(plane === 'axial' ? {} : { plane }),
    ...(volume === 0 ? {} : { volume }),
  };
}
