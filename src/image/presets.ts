/** Windows that are offered beside an image's own. */
import type { WindowPreset } from '../shared/imageFacts';

/** Usual windows for CT in Hounsfield units. */
export const CT_PRESETS: WindowPreset[] = [
  { name: 'Soft tissue', window: [40, 400] },
  { name: 'Lung', window: [-600, 1500] },
  { name: 'Bone', window: [400, 1800] },
  { name: 'Brain', window: [40, 80] },
];
