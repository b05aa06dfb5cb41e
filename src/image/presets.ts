/** Windows that are offered in addition to an image's own. */
import type { WindowPreset } from '../shared/imageFacts';

/** Usual windows for CT in Hounsfield units. */
export const CT_PRESETS: WindowPreset[] = [
  { label: { code: 'soft_tissue' }, window: [40, 400] },
  { label: { code: 'lung' }, window: [-600, 1500] },
  { label: { code: 'bone' }, window: [400, 1800] },
  { label: { code: 'brain' }, window: [40, 80] },
];
