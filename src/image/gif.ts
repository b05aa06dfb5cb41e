/** The parts of a GIF that its pixels depend on and browsers don't report. GIF89a. */

const IMAGE = 0x2c;
const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const HEADER_BYTES = 13;

/** Stops at two, which is enough to know that a file is an animation. */
export function countGifFrames(bytes: Uint8Array): number {
  let frames = 0;
  walk(bytes, (block) => {
    if (block === IMAGE) frames += 1;
    return frames < 2;
  });
  return frames;
}

/**
 * The colour of transparent pixels of the first frame: that of their entry in the palette, since transparency of palettes is
 * ignored everywhere, like in the reference. White if the file has no palette.
 */
export function gifBackground(bytes: Uint8Array): string {
  let index = 0;
  let palette = bytes.subarray(HEADER_BYTES, HEADER_BYTES + paletteBytes(bytes[10] ?? 0));
  walk(bytes, (block, at) => {
    if (block === EXTENSION && bytes[at + 1] === GRAPHIC_CONTROL) {
      index = (bytes[at + 3] ?? 0) & 1 ? (bytes[at + 6] ?? 0) : 0;
    }
    if (block !== IMAGE) return true;
    const local = paletteBytes(bytes[at + 9] ?? 0);
    if (local > 0) palette = bytes.subarray(at + 10, at + 10 + local);
    return false;
  });
  const color = palette.subarray(index * 3, index * 3 + 3);
  return color.length === 3 ? `rgb(${color.join(' ')})` : '#fff';
}

const paletteBytes = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);

/** Calls `visit` with the first byte and the offset of each block, until it returns false. */
function walk(bytes: Uint8Array, visit: (block: number, at: number) => boolean): void {
  let at = HEADER_BYTES + paletteBytes(bytes[10] ?? 0);
  while (at < bytes.length) {
    const block = bytes[at]!;
    if ((block !== IMAGE && block !== EXTENSION) || !visit(block, at)) return;
    at += block === IMAGE ? 11 + paletteBytes(bytes[at + 9] ?? 0) : 2;
    // Sub-blocks, each preceded by its length; one of length 0 ends them.
    while (at < bytes.length && bytes[at] !== 0) at += bytes[at]! + 1;
    at += 1;
  }
}
