/** Composites transparent pixels on white. */

/**
 * Pillow's paste with a mask: v × α + 255 × (255 − α), divided by 255 with its rounding (DIV255).
 *
 * @param rgba four bytes per pixel, colours not premultiplied with α
 * @returns three bytes per pixel
 */
export function overWhite(rgba: Uint8Array): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array((rgba.length / 4) * 3);
  for (let i = 0; i * 3 < data.length; i++) {
    const alpha = rgba[i * 4 + 3]!;
    for (let channel = 0; channel < 3; channel++) {
      const sum = rgba[i * 4 + channel]! * alpha + 255 * (255 - alpha) + 128;
      data[i * 3 + channel] = ((sum >> 8) + sum) >> 8;
    }
  }
  return data;
}
