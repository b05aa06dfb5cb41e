/**
 * NIfTI volumes (.nii, .nii.gz) → one slice as RGB. Slices are shown in the radiological convention (the patient's right on the
 * left, anterior or superior up), regardless of the order of the axes in the file.
 */
import type { Plane, WindowPreset } from '../../shared/imageFacts';
import type { DecodedImage, DecodeOptions, ImageFile } from '../decoded';
import { checkPixelBytes } from '../dimensions';
import { checkWindow, type GreyImage, type Samples, toGreyRgb, toRawValues, windowOfRange } from '../grey';
import { missingPart } from '../imageError';
import { CT_PRESETS } from '../presets';
import type { ValueRange } from '../statistics';
import type { NiftiHeader } from './header';
import { type Orientation, orient, slicePath } from './orientation';
import { openVolume, type VolumeSource } from './volume';
import { SlicePicker, type SlicePath } from './voxels';

/**
 * @throws RoundsError image_invalid, image_unsupported, image_too_large, request_invalid (no such slice, volume, window)
 */
export async function decodeNifti(file: ImageFile, options: DecodeOptions = {}): Promise<DecodedImage> {
  const source = await openVolume(file, options);
  const slice = chooseSlice(source.header, options);
  const picker = new SlicePicker(slice.path, source.header.type);
  const range = await source.pick(picker);
  return render(source, slice, picker.values, range, options);
}

interface Slice {
  orientation: Orientation;
  plane: Plane;
  frame: number;
  path: SlicePath;
}

/** @throws RoundsError request_invalid, image_invalid, image_too_large */
function chooseSlice(header: NiftiHeader, options: DecodeOptions): Slice {
  const plane = options.plane ?? 'axial';
  const orientation = orient(header);
  const count = orientation.slices[plane];
  const frame = options.frame ?? Math.floor(count / 2);
  if (!Number.isInteger(frame) || frame < 0 || frame >= count) throw missingPart('slice', frame, count);
  const path = slicePath(orientation, plane, frame);
  const { bytes, channels } = header.type;
  checkPixelBytes(path.width * path.height * (bytes * channels + 4));
  return { orientation, plane, frame, path };
}

function render(
  { header, volume }: VolumeSource,
  { orientation, plane, frame, path }: Slice,
  voxels: Samples,
  range: ValueRange | null,
  options: DecodeOptions,
): DecodedImage {
  const { width, height } = path;
  const facts = {
    format: 'NIfTI' as const,
    frames: orientation.slices[plane],
    frame,
    pixelAspect: orientation.aspects[plane],
    unit: '',
    nifti: {
      plane,
      slices: orientation.slices,
      volume,
      volumes: header.volumes,
      isOriented: header.isOriented,
    },
  };
  if (!range) {
    const data = firstThree(voxels, header.type.channels);
    return { width, height, data, facts: { ...facts, window: null, presets: [] } };
  }
  const grey: GreyImage = { width, height, stored: voxels, scale: scaleOf(header), isPadding: () => false };
  const presets = listPresets(header, range);
  const window = options.window ?? presets[0]!.window;
  const data = toGreyRgb(grey, checkWindow(window, 'LINEAR_EXACT'));
  const image = { width, height, data, facts: { ...facts, window, presets } };
  if (!options.raw) return image;
  return { ...image, raw: { values: toRawValues(grey), shape: 'LINEAR_EXACT', isInverted: false } };
}

/** The default window first: the header's range, quantiles of the whole volume (so that slices can be compared), and the usual ones if the header says that it's CT. */
function listPresets(header: NiftiHeader, range: ValueRange): WindowPreset[] {
  const scale = scaleOf(header);
  const { display } = header;
  const own: WindowPreset[] = display
    ? [
        {
          label: { code: 'file', params: { number: 1 } },
          window: [(display[0] + display[1]) / 2, display[1] - display[0]],
        },
      ]
    : [];
  const quantiles: WindowPreset = {
    label: { code: 'quantiles' },
    window: windowOfRange(range, scale, 'LINEAR_EXACT'),
  };
  return [...own, quantiles, ...(header.isCt ? CT_PRESETS : [])];
}

function scaleOf({ slope, intercept }: NiftiHeader): (stored: number) => number {
  return slope === 1 && intercept === 0 ? (value) => value : (value) => value * slope + intercept;
}

/** Red, green and blue of each pixel. */
function firstThree(voxels: Samples, channels: number): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8Array((voxels.length / channels) * 3);
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    rgb[to] = voxels[from]!;
    rgb[to + 1] = voxels[from + 1]!;
    rgb[to + 2] = voxels[from + 2]!;
  }
  return rgb;
}
