/** First bytes of files, as text and as the brands of ISO media. */

export const CHOOSE = 'choose a PNG, JPEG, WebP, GIF, BMP, AVIF, TIFF, DICOM or NIfTI file';

/** Bytes as Latin-1 text. At most some ten thousand. */
export function ascii(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

/** The container of AVIF, HEIC and MP4 (ISO/IEC 14496-12); its brands say which one. */
export function isIsoMedia(head: Uint8Array): boolean {
  return ascii(head, 4, 8) === 'ftyp';
}

/** The major brand and the compatible ones. Of images, the major one may be as general as `mif1`. */
export function isoBrands(head: Uint8Array): string[] {
  if (!isIsoMedia(head)) return [];
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const end = Math.min(Math.max(view.getUint32(0), 12), head.length, 4096);
  const brands = [ascii(head, 8, 12)];
  // The minor version is between them.
  for (let at = 16; at + 4 <= end; at += 4) brands.push(ascii(head, at, at + 4));
  return brands;
}
