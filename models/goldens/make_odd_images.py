"""Odd but valid image files, and the pictures that reference libraries show of them: images/odd, images/odd.json.

    python models/goldens/make_odd_images.py

Needs Pillow, numpy, tifffile, pydicom with pylibjpeg-openjpeg, and imagecodecs.
"""

import hashlib
import io
import json
import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageOps
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, SecondaryCaptureImageStorage

FOLDER = Path(__file__).parent / "images"
RNG = np.random.default_rng(20261129)
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]

Vector = tuple[str, bytes, int, np.ndarray]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(pixels: np.ndarray, *, interlaced: bool = False, extra: bytes = b"", after: bytes = b"") -> bytes:
    """8-bit RGB; every row is filtered with the row above it (filter 2)."""
    height, width = pixels.shape[:2]
    rows = b""
    for x, y, right, down in PASSES if interlaced else [(0, 0, 1, 1)]:
        part = pixels[y::down, x::right].reshape(len(pixels[y::down]), -1)
        if part.size:
            above = np.vstack([np.zeros_like(part[:1]), part[:-1]])
            rows += b"".join(b"\2" + row.tobytes() for row in part - above)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, int(interlaced))
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + after
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def exif(orientation: int) -> bytes:
    return b"MM\0*\0\0\0\x08\0\1" + struct.pack(">HHIHH", 0x112, 3, 1, orientation, 0) + b"\0\0\0\0"


def profile(orientation: int) -> bytes:
    """As ImageMagick writes it."""
    data = b"Exif\0\0" + exif(orientation)
    return f"\nexif\n{len(data):8}\n{data.hex()}\n".encode()


def xmp(orientation: int) -> bytes:
    return b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>' % orientation


def international(keyword: bytes, text: bytes) -> bytes:
    return chunk(b"iTXt", keyword + b"\0\0\0\0\0" + text)


def shown(data: bytes, frame: int = 0) -> np.ndarray:
    image = Image.open(io.BytesIO(data))
    image.seek(frame)
    return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pictures() -> list[Vector]:
    colors = RNG.integers(0, 256, (5, 3, 3), dtype=np.uint8)
    blocks = Image.fromarray(np.kron(RNG.integers(0, 256, (2, 3, 1), dtype=np.uint8), np.ones((8, 8, 3), np.uint8)))
    frames = [Image.fromarray(RNG.integers(0, 256, (4, 6, 3), dtype=np.uint8)) for _ in range(2)]
    moving = saved(frames[0], "PNG", save_all=True, append_images=frames[1:], exif=b"Exif\0\0" + exif(6))
    webp = saved(frames[0], "WEBP", lossless=True, save_all=True, append_images=frames[1:], xmp=xmp(8))
    names = {
        "interlaced_2x5.png": png(colors[:, :2], interlaced=True),
        "profile.png": png(colors, extra=chunk(b"tEXt", b"Raw profile type exif\0" + profile(6))),
        "profile_packed.png": png(
            colors, after=chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(profile(5)))
        ),
        "xmp.png": png(colors, extra=international(b"XML:com.adobe.xmp", xmp(8))),
        "xmp_and_exif.png": png(colors, extra=international(b"XML:com.adobe.xmp", xmp(8)) + chunk(b"eXIf", exif(3))),
        "xmp.jpg": saved(blocks, "JPEG", quality=100, subsampling=0, xmp=xmp(6)),
        "xmp_and_exif.jpg": saved(blocks, "JPEG", quality=100, subsampling=0, xmp=xmp(6), exif=b"Exif\0\0" + exif(8)),
        "xmp.webp": saved(frames[0], "WEBP", lossless=True, xmp=xmp(6)),
        "moving_exif.png": moving,
        "moving_xmp.webp": webp,
    }
    found = [(name, data, 0, shown(data)) for name, data in names.items()]
    return [*found, ("moving_exif.png", moving, 1, shown(moving, 1)), ("moving_xmp.webp", webp, 1, shown(webp, 1))]


def grey(values: np.ndarray) -> np.ndarray:
    """From the 1 % to the 99 % quantile, rounded half up."""
    low, high = np.percentile(values.astype(np.float64), [1, 99])
    levels = np.clip(((values - (low + high) / 2) / (high - low) + 0.5) * 255, 0, 255)
    return np.repeat(np.floor(levels + 0.5 + 1e-7).astype(np.uint8)[..., None], 3, axis=2)


def tiffs() -> list[Vector]:
    half = RNG.normal(0, 100, (12, 20)).astype(np.float16)
    whole = RNG.integers(-(2**40), 2**40, (12, 20))
    made = {
        "half_float.tif": (half, {"predictor": 3}),
        "int64.tif": (whole, {"predictor": 2}),
        "uint64.tif": (whole.view(np.uint64) >> 20, {}),
    }
    found: list[Vector] = []
    for name, (values, options) in made.items():
        file = io.BytesIO()
        tifffile.imwrite(file, values, compression="zlib", metadata=None, byteorder=">", **options)
        found.append((name, file.getvalue(), 0, grey(tifffile.imread(io.BytesIO(file.getvalue())))))
    return found


def dicom(syntax: str, values: np.ndarray, frames: list[bytes], fragments: int) -> tuple[bytes, Dataset]:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = SecondaryCaptureImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3"
    data.Rows, data.Columns = values.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.PixelRepresentation = int(values.dtype == np.int8)
    data.WindowCenter, data.WindowWidth = (0, 256) if data.PixelRepresentation else (128, 256)
    data.PixelData = encapsulate(frames, fragments_per_frame=fragments, has_bot=False) if frames else values.tobytes()
    data["PixelData"].VR = "OB"
    file = io.BytesIO()
    data.save_as(file, enforce_file_format=True)
    return file.getvalue(), data


def dicoms() -> list[Vector]:
    signed = RNG.integers(-128, 128, (9, 11), dtype=np.int8)
    small = RNG.integers(0, 256, (4, 5), dtype=np.uint8)
    j2k = imagecodecs.jpeg2k_encode(signed, level=0, codecformat="j2k", reversible=True)
    jls = imagecodecs.jpegls_encode(small)
    files = {
        "j2k_signed_bytes.dcm": dicom(JPEG2000Lossless, signed, [j2k], 1),
        "deflated.dcm": dicom(DeflatedExplicitVRLittleEndian, small, [], 0),
        # The frame header is not in the first fragment.
        "jls_short_fragments.dcm": dicom(JPEGLSLossless, small, [jls], len(jls) // 8),
    }
    found: list[Vector] = []
    for name, (file, data) in files.items():
        values = pixel_array(data) if "j2k" in name else small
        # LINEAR over all 256 values shows each as its own level.
        levels = values.astype(np.int16) + (128 if values.dtype == np.int8 else 0)
        found.append((name, file, 0, np.repeat(levels.astype(np.uint8)[..., None], 3, axis=2)))
    return found


def main() -> None:
    (FOLDER / "odd").mkdir(exist_ok=True)
    rows = []
    for name, data, frame, pixels in [*pictures(), *tiffs(), *dicoms()]:
        (FOLDER / "odd" / name).write_bytes(data)
        height, width = pixels.shape[:2]
        rgb = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
        rows.append({"file": f"odd/{name}", "frame": frame, "size": [width, height], "rgb": rgb})
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (FOLDER / "odd.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
