/** Composites transparent pixels on white. */

/** Pillow's paste with a mask: v × α + 255 × (255 − α), divided by 255 with its rounding (DIV255). */
export function byteOverWhite(value: number, alpha: number): number {
  const sum = value * alpha + 255 * (255 - alpha) + 128;
  return ((sum >> 8) + sum) >> 8;
}

/**
 * @param rgba four bytes per pixel, colours not premultiplied with α
 * @param rgb gets three bytes for each of `count` pixels
 */
export function blendOverWhite(rgba: Uint8Array, count: number, rgb: Uint8Array): void {
  for (let i = 0, from = 0, to = 0; i < count; i++, from += 4, to += 3) {
    const alpha = rgba[from + 3]!;
    for (let channel = 0; channel < 3; channel++) {
      rgb[to + channel] = byteOverWhite(rgba[from + channel]!, alpha);
    }
  }
}

/** Blends RGB in place. @param alphas of 16 bits, one every `step` from `from` on */
export function blendDeep(rgb: Uint8Array, values: Uint16Array, from: number, step: number): void {
  for (let at = 0; at < rgb.length; at += 3, from += step) {
    const alpha = values[from]! >> 8;
    for (let channel = at; channel < at + 3; channel++) rgb[channel] = byteOverWhite(rgb[channel]!, alpha);
  }
}
