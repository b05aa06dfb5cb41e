"""Small synthetic PNG and other image files for make_preprocess_vectors.py, and how Pillow reads them."""

import base64
import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, ImageOps


def noise(count: int, seed: int) -> np.ndarray:
    """Bytes of a linear congruential generator (Numerical Recipes), as src/engine/preprocess/testing/testImages.ts."""
    state = seed
    data = np.empty(count, np.uint8)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        data[i] = state >> 24
    return data


def image(width: int, height: int, seed: int) -> np.ndarray:
    """Noise, uint8 [height, width, 3]; odd seeds give only black and white, so that bicubic overshoots most."""
    data = noise(width * height * 3, seed)
    if seed % 2:
        data = np.where(data > 127, 255, 0).astype(np.uint8)
    return data.reshape(height, width, 3)


def text64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def raw_png(width: int, height: int, depth: int, color: int, rows: bytes, interlace: int = 0) -> bytes:
    """A PNG of a kind that Pillow reads but does not write. `rows`: scan lines with their filter bytes."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def adam7(picture: np.ndarray) -> bytes:
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [picture[y::dy, x::dx] for x, y, dx, dy in passes]
    return b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)


def rows_of(picture: np.ndarray) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in picture)


def saved(picture: Image.Image, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", **options)
    return file.getvalue()


def to_rgb(data: bytes) -> bytes:
    """RGB as the reference reads it: RGBA on white, the upper byte of 16-bit grey, else Image.convert("RGB")."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    if picture.mode == "RGBA":
        white = Image.new("RGB", picture.size, (255, 255, 255))
        white.paste(picture, mask=picture.split()[3])
        return white.tobytes()
    if picture.mode.startswith("I"):
        grey = (np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=-1).tobytes()
    return picture.convert("RGB").tobytes()


def make_pngs() -> list[dict]:
    rgb = image(13, 9, 4)
    grey = Image.fromarray(rgb[..., 0])
    four = noise(13 * 9 * 4, 6).reshape(9, 13, 4)
    two = noise(13 * 9 * 2, 8).reshape(9, 13, 2)
    deep = noise(13 * 9 * 2, 10)
    palette = Image.fromarray(rgb).quantize(16)
    files = {
        "rgb": saved(Image.fromarray(rgb)),
        "grey": saved(grey),
        "rgba": saved(Image.fromarray(four, "RGBA")),
        "grey and alpha": saved(Image.fromarray(two, "LA")),
        "grey, 1 bit": saved(grey.convert("1")),
        "grey, 2 bits": raw_png(13, 9, 2, 0, rows_of(noise(9 * 4, 12).reshape(9, 4))),
        "grey, 4 bits": raw_png(13, 9, 4, 0, rows_of(noise(9 * 7, 14).reshape(9, 7))),
        "grey, 16 bits": raw_png(13, 9, 16, 0, rows_of(deep.reshape(9, 26))),
        "rgb, 16 bits": raw_png(13, 9, 16, 2, rows_of(noise(13 * 9 * 6, 16).reshape(9, 78))),
        "rgba, 16 bits": raw_png(13, 9, 16, 6, rows_of(noise(13 * 9 * 8, 18).reshape(9, 104))),
        "palette, 2 bits": saved(Image.fromarray(rgb).quantize(4), bits=2),
        "palette, 4 bits": saved(palette, bits=4),
        "palette, transparent entry": saved(palette, transparency=3),
        "rgb, transparent colour": saved(Image.fromarray(rgb), transparency=tuple(int(v) for v in rgb[0, 0])),
        "rgb, interlaced": raw_png(13, 9, 8, 2, adam7(rgb), interlace=1),
        "grey, interlaced, 3 by 2": raw_png(3, 2, 8, 0, adam7(rgb[:2, :3, 0]), interlace=1),
    }
    rows = []
    for name, data in files.items():
        size = Image.open(io.BytesIO(data)).size
        rows.append({"name": name, "size": list(size), "png": text64(data), "rgb": text64(to_rgb(data))})
    return rows


def make_browser() -> list[dict]:
    """Files for the browser's own decoders. `tolerance` is in levels: JPEG and AVIF decoders and blending differ."""
    ramp = np.linspace(0, 255, 24)
    smooth = np.stack([np.tile(ramp, (16, 1)), np.tile(ramp[::-1], (16, 1)), np.tile(ramp[:16, None], (1, 24))], -1)
    picture = Image.fromarray(smooth.astype(np.uint8))
    sharp = Image.fromarray(image(13, 9, 4))
    four = Image.fromarray(noise(13 * 9 * 4, 6).reshape(9, 13, 4), "RGBA")
    turned = picture.getexif()
    turned[0x0112] = 6
    kinds: list[tuple[str, Any, str, int, dict[str, Any]]] = [
        ("bmp", sharp, "BMP", 0, {}),
        ("gif", sharp.quantize(64), "GIF", 0, {}),
        ("webp, lossless", sharp, "WEBP", 0, {"lossless": True}),
        ("webp, lossless, transparency", four, "WEBP", 1, {"lossless": True, "exact": True}),
        ("jpeg", picture, "JPEG", 2, {"quality": 95, "subsampling": 0}),
        ("jpeg, grey", picture.convert("L"), "JPEG", 1, {"quality": 95}),
        ("jpeg, progressive, 4:2:0", picture, "JPEG", 4, {"quality": 95, "progressive": True}),
        ("jpeg, turned by EXIF", picture, "JPEG", 2, {"quality": 95, "subsampling": 0, "exif": turned}),
        ("jpeg, CMYK", picture.convert("CMYK"), "JPEG", 3, {"quality": 95}),
        ("avif", picture, "AVIF", 3, {"quality": 100, "subsampling": "4:4:4"}),
    ]
    rows = []
    for name, source, kind, tolerance, options in kinds:
        file = io.BytesIO()
        source.save(file, kind, **options)
        read = ImageOps.exif_transpose(Image.open(file))
        if read.mode == "RGBA":
            white = Image.new("RGB", read.size, (255, 255, 255))
            white.paste(read, mask=read.split()[3])
            read = white
        rows.append(
            {
                "name": name,
                "tolerance": tolerance,
                "size": list(read.size),
                "file": text64(file.getvalue()),
                "rgb": text64(read.convert("RGB").tobytes()),
            }
        )
    return rows
