"""Small JPEG files for make_image_vectors.py, and the components that libjpeg-turbo decodes from them."""

import base64
import hashlib
import io

import imagecodecs
import numpy as np
from PIL import Image


def picture(width: int, height: int, channels: int, white: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [
        (np.sin(x / 7 + k) + np.cos(y / 5 - k)) / 4 + 0.5 + rng.normal(0, 0.03, (height, width))
        for k in range(channels)
    ]
    values = np.clip(np.rint(np.stack(planes, -1) * white), 0, white).astype(np.uint8 if white < 256 else np.uint16)
    return values if channels > 1 else values[..., 0]


def components(data: bytes) -> np.ndarray:
    """The components as encoded; draft mode stops Pillow from converting them to RGB."""
    image = Image.open(io.BytesIO(data))
    if image.mode == "RGB":
        image.draft("YCbCr", image.size)
    return np.asarray(image)


def row(name: str, data: bytes, values: np.ndarray, precision: int) -> dict:
    return {
        "name": name,
        "size": [values.shape[1], values.shape[0]],
        "precision": precision,
        "jpeg": base64.b64encode(data).decode(),
        "values": hashlib.sha256(np.ascontiguousarray(values).astype("<u2").tobytes()).hexdigest(),
    }


def make_jpeg() -> list[dict]:
    rows = []
    for width, height in [(33, 17), (16, 16), (3, 3), (1, 1), (2, 9), (40, 5)]:
        for subsampling, name in enumerate(["4:4:4", "4:2:2", "4:2:0"]):
            file = io.BytesIO()
            restart = {"restart_marker_blocks": 2} if width == 33 else {}
            Image.fromarray(picture(width, height, 3, 255, width)).save(
                file, "JPEG", quality=85, subsampling=subsampling, **restart
            )
            rows.append(row(f"{name}, {width} × {height}", file.getvalue(), components(file.getvalue()), 8))
    for sampling in ["411", "440"]:
        data = imagecodecs.jpeg8_encode(picture(37, 21, 3, 255, 1), level=80, subsampling=sampling)
        rows.append(row(f"4:{sampling[1]}:{sampling[2]}, 37 × 21", data, components(data), 8))
    for precision in (8, 12):
        values = picture(29, 19, 1, 2**precision - 1, 2)
        data = imagecodecs.jpeg8_encode(values, level=90, bitspersample=precision)
        rows.append(row(f"grey, {precision} bits", data, imagecodecs.jpeg8_decode(data), precision))
    for precision in (8, 12, 16):
        for predictor in range(1, 8):
            values = picture(13, 11, 1, 2**precision - 1, predictor)
            data = imagecodecs.jpeg8_encode(values, lossless=True, predictor=predictor, bitspersample=precision)
            rows.append(row(f"lossless, {precision} bits, predictor {predictor}", data, values, precision))
    return rows
