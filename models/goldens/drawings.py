"""Input images of the cases, drawn from formulas and a seeded generator; none of them shows a person."""

import numpy as np
from PIL import Image


def _coordinates(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:height, 0:width]
    return x / max(width - 1, 1), y / max(height - 1, 1)


def _to_image(channels: list[np.ndarray], mode: str) -> Image.Image:
    stacked = np.stack(channels, axis=-1) if len(channels) > 1 else channels[0]
    return Image.fromarray(np.clip(np.rint(stacked * 255), 0, 255).astype(np.uint8), mode)


def rings() -> Image.Image:
    """131 × 90, no side a multiple of 28: resized to 140 × 84, two attention windows."""
    x, y = _coordinates(131, 90)
    radius = np.hypot(x - 0.4, (y - 0.5) * 0.7)
    return _to_image([0.5 + 0.5 * np.cos(40 * radius), x * (1 - y), (radius < 0.3) * 0.8 + 0.1], "RGB")


def bars() -> Image.Image:
    """224 × 112, exactly two windows; not resized."""
    x, y = _coordinates(224, 112)
    return _to_image([(np.floor(x * 16) % 2) * 0.9, y, np.floor((x + y) * 6) % 2 * 0.6 + 0.2], "RGB")


def disc() -> Image.Image:
    """75 × 61 with soft transparency, so the reader must blend it with white."""
    x, y = _coordinates(75, 61)
    radius = np.hypot(x - 0.5, y - 0.5)
    alpha = np.clip((0.45 - radius) * 8, 0, 1)
    colours = _to_image([0.9 - radius, x * 0.5, y], "RGB")
    return Image.merge("RGBA", [*colours.split(), _to_image([alpha], "L")])


def grain(seed: int = 7) -> Image.Image:
    """290 × 250 grey noise over a gradient: larger than max_pixels, so it is made smaller."""
    x, y = _coordinates(290, 250)
    noise = np.random.default_rng(seed).normal(0, 0.12, x.shape)
    return _to_image([0.2 + 0.5 * x * y + noise], "L")


DRAWINGS = {"rings.png": rings, "bars.png": bars, "disc.png": disc, "grain.png": grain}


def to_rgb(image: Image.Image) -> Image.Image:
    """8-bit RGB as the project defines it: transparent pixels are blended with white."""
    if image.mode == "RGBA":
        canvas = Image.new("RGB", image.size, (255, 255, 255))
        canvas.paste(image, mask=image.getchannel("A"))
        return canvas
    return image.convert("RGB")
