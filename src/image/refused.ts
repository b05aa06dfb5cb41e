/** Files that are recognised but aren't images that can be opened: what each is, and the step that helps. */
import { ascii, CHOOSE, isIsoMedia, isoBrands } from './magic';

export interface Refusal {
  /** A clause: "this is a PDF". */
  problem: string;
  /** An instruction: "save the page as PNG first". */
  step: string;
}

type Signature = [text: string, at?: number];

const AS_PNG = 'save it as PNG or JPEG and choose that file';
const UNPACK = 'unpack it and choose the images inside';
const SCREENSHOT = 'save the picture inside it as PNG, or take a screenshot';
const FRAME = 'save one of its frames as PNG or JPEG';
const AS_NIFTI = 'convert it to NIfTI or DICOM';
const MODELS = 'open it under Models';

/** By the first bytes; the first that matches counts. */
const SIGNATURES: [problem: string, step: string, ...signatures: Signature[]][] = [
  ['this is a PDF', 'save the page as PNG first', ['%PDF']],
  ['this is a 7-Zip archive', UNPACK, ['7z\xbc\xaf\x27\x1c']],
  ['this is a RAR archive', UNPACK, ['Rar!\x1a\x07']],
  ['this is a TAR archive', UNPACK, ['ustar', 257]],
  [
    'this is a compressed archive',
    UNPACK,
    ['\xfd7zXZ\0'],
    ['BZh'],
    ['\x28\xb5\x2f\xfd'],
    ['\x04\x22\x4d\x18'],
  ],
  ['this is an Office document', SCREENSHOT, ['{\\rtf'], ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1']],
  ['this is a GGUF model, not an image', 'add a checkpoint in safetensors form under Models', ['GGUF']],
  ['this is a safetensors checkpoint, not an image', MODELS, ['\0\0\0{"', 5]],
  ['this is a NumPy array', 'save it as PNG, TIFF or NIfTI', ['\x93NUMPY']],
  ['this is an HDF5 or MATLAB file', AS_NIFTI, ['\x89HDF\r\n'], ['MATLAB 5.0 MAT-file']],
  ['this is an NRRD volume', AS_NIFTI, ['NRRD000']],
  ['this is a MetaImage volume', AS_NIFTI, ['ObjectType = Image']],
  ['this is a MINC volume', AS_NIFTI, ['CDF\x01'], ['CDF\x02']],
  [
    'JPEG 2000 images can be opened inside DICOM files only',
    'save it as PNG first',
    ['jP  ', 4],
    ['\xff\x4f\xff\x51'],
  ],
  ['this is a JPEG XL image, which browsers can’t open', AS_PNG, ['\xff\x0a'], ['JXL ', 4]],
  ['this is a Photoshop document', AS_PNG, ['8BPS']],
  ['this is an icon', AS_PNG, ['\0\0\x01\0']],
  ['this is an OpenEXR image', AS_PNG, ['\x76\x2f\x31\x01']],
  ['this is a PostScript drawing', AS_PNG, ['%!PS'], ['\xc5\xd0\xd3\xc6']],
  [
    'this is a video',
    FRAME,
    ['\x1a\x45\xdf\xa3'],
    ['AVI ', 8],
    ['\0\0\x01\xba'],
    ['\0\0\x01\xb3'],
    ['OggS'],
    ['FLV\x01'],
  ],
  ['this is a sound recording', CHOOSE, ['ID3'], ['WAVE', 8], ['fLaC']],
  ['this is a program', CHOOSE, ['\x7fELF'], ['MZ\x90\0']],
  ['this is a database', CHOOSE, ['SQLite format 3\0']],
  [
    'this is a macOS helper file without an image',
    'choose the file of the same name without “._”',
    ['\0\x05\x16\x07'],
  ],
];

/** An entry, an empty archive, a part of one. */
const ZIP = ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'];
const HEIC_BRANDS = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'];
const OFFICE = /\[Content_Types\]\.xml|_rels\/\.rels|(word|ppt|xl)\/|application\/vnd\.oasis/;

/** @returns null if nothing that is known */
export function findRefusal(head: Uint8Array): Refusal | null {
  if (ZIP.includes(ascii(head, 0, 4))) return describeZip(head);

  if (isAnalyze(head)) {
    return {
      problem: 'this is the header of an Analyze volume, which has its voxels in another file',
      step: 'convert both to one .nii file',
    };
  }
  const known = SIGNATURES.find(([, , ...all]) =>
    all.some(([text, at = 0]) => ascii(head, at, at + text.length) === text),
  );
  if (known) return { problem: known[0], step: known[1] };
  if (!isIsoMedia(head)) return null;
  const brands = isoBrands(head);
  if (brands.some((brand) => HEIC_BRANDS.includes(brand)))
    return {
      problem: 'this is a HEIC photo, which browsers can’t open reliably',
      step: 'export it as JPEG or PNG',
    };
  return { problem: 'this is a video', step: FRAME };
}

/** Office documents, e-books and PyTorch checkpoints are ZIP archives too; their first entries show which. */
function describeZip(head: Uint8Array): Refusal {
  const text = ascii(head, 0, head.length);
  if (OFFICE.test(text)) return { problem: 'this is an Office document', step: SCREENSHOT };
  if (text.includes('application/epub+zip')) return { problem: 'this is an e-book', step: SCREENSHOT };
  if (/\/(data\.pkl|byteorder)/.test(text)) {
    const step = 'add a checkpoint in safetensors form under Models';
    return { problem: 'this is a PyTorch checkpoint, not an image', step };
  }
  return { problem: 'this is a ZIP archive', step: UNPACK };
}

/** Analyze 7.5, from before NIfTI: the size of the header, "r" for regular, and no magic. */
function isAnalyze(head: Uint8Array): boolean {
  const isSized = ascii(head, 0, 4) === '\x5c\x01\0\0' || ascii(head, 0, 4) === '\0\0\x01\x5c';
  return isSized && ascii(head, 38, 39) === 'r';
}
