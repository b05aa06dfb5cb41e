/**
 * Writes pixels as PNG without loss. A canvas could change them: browsers that prevent fingerprinting alter what is read from
 * one. Alpha is left out; grey pictures have one channel.
 */
import { crc32 } from '../../shared/crc32';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const GREY = 0;
const RGB = 2;
/** PNG filter: each byte minus the one above, which compresses smooth pictures well. */
const FILTER_UP = 2;

/** @param rgba width × height × 4 levels, opaque */
export async function encodePng(rgba: Uint8ClampedArray, width: number, height: number): Promise<Blob> {
  const channels = isGrey(rgba) ? 1 : 3;
  const rows = filteredRows(rgba, width, height, channels);
  const packed = new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate'));
  const data = new Uint8Array(await new Response(packed).arrayBuffer());
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, channels === 1 ? GREY : RGB], 8);
  const parts = [chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', new Uint8Array())];
  return new Blob([new Uint8Array(SIGNATURE), ...parts], { type: 'image/png' });
}

function isGrey(rgba: Uint8ClampedArray): boolean {
  for (let i = 0; i < rgba.length; i += 4) {
    if (rgba[i] !== rgba[i + 1] || rgba[i] !== rgba[i + 2]) return false;
  }
  return true;
}

function filteredRows(
  rgba: Uint8ClampedArray,
  width: number,
  height: number,
  channels: number,
): Uint8Array<ArrayBuffer> {
  const stride = 1 + width * channels;
  const rows = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    rows[y * stride] = FILTER_UP;
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      for (let channel = 0; channel < channels; channel++) {
        const above = y > 0 ? (rgba[at - width * 4 + channel] ?? 0) : 0;
        rows[y * stride + 1 + x * channels + channel] = (rgba[at + channel] ?? 0) - above;
      }
    }
  }
  return rows;
}

function chunk(name: string, data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
