"""Random changes to a picture before the processor sees it.

A 64x64 MedNIST thumbnail and a full-resolution scan of the same region should look alike to the model, so sizes,
sharpness, borders and grey curves vary widely. Scans are not mirrored or rotated far: an upside-down chest must stay
unusual.
"""

from __future__ import annotations

import io
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def _crop(im: Image.Image, rng: random.Random) -> Image.Image:
    w, h = im.size
    keep = rng.uniform(0.78, 1.0)
    cw, ch = max(8, int(w * keep * rng.uniform(0.92, 1.0))), max(8, int(h * keep * rng.uniform(0.92, 1.0)))
    x, y = rng.randint(0, w - cw), rng.randint(0, h - ch)
    return im.crop((x, y, x + cw, y + ch))


def _rotate(im: Image.Image, rng: random.Random) -> Image.Image:
    corner = im.getpixel((0, 0))
    return im.rotate(rng.uniform(-12, 12), Image.Resampling.BILINEAR, fillcolor=corner)


def _border(im: Image.Image, rng: random.Random) -> Image.Image:
    """Adds a black (sometimes grey or white) frame of uneven width, as films and viewers have."""
    w, h = im.size
    left, right, top, bottom = (int(rng.random() ** 2 * 0.3 * side) for side in (w, w, h, h))
    shade = 0 if rng.random() < 0.75 else rng.choice([20, 60, 128, 255])
    out = Image.new("RGB", (w + left + right, h + top + bottom), (shade,) * 3)
    out.paste(im, (left, top))
    return out


def _marks(im: Image.Image, rng: random.Random) -> Image.Image:
    """Adds short light labels near the edges, like those that scanners burn in."""
    im = im.copy()
    draw = ImageDraw.Draw(im)
    w, h = im.size
    for _ in range(rng.randint(1, 4)):
        x = rng.choice([rng.uniform(0, 0.12), rng.uniform(0.8, 0.95)]) * w
        y = rng.choice([rng.uniform(0, 0.1), rng.uniform(0.9, 0.98)]) * h
        shade = rng.randint(120, 255)
        draw.text((x, y), rng.choice(["L", "R", "AP", "120", "W:80", "5 cm", "HFS", "A1"]), fill=(shade,) * 3)
    return im


def _grey_curve(im: Image.Image, rng: random.Random) -> Image.Image:
    gamma = float(np.exp(rng.uniform(-0.5, 0.5)))
    low, high = rng.uniform(-0.12, 0.12), rng.uniform(0.85, 1.2)
    x = (np.arange(256) / 255.0) ** gamma
    lut = np.clip((low + x * (high - low)) * 255, 0, 255).astype(np.uint8).tolist()
    return im.point(lut * 3)


def _ground_to_black(im: Image.Image, rng: random.Random) -> Image.Image:
    """Turns a grey background black: air is grey in MedNIST's CTs and black elsewhere."""
    a = np.asarray(im).astype(np.int16)
    ground = int(np.median(a[:2].ravel()))
    if not 15 <= ground <= 150:
        return im
    low = ground * rng.uniform(0.6, 1.0)
    out = np.clip((a - low) * 255.0 / (255 - low) * rng.uniform(0.9, 1.6), 0, 255)
    return Image.fromarray(out.astype(np.uint8))


def _noise(im: Image.Image, rng: random.Random) -> Image.Image:
    a = np.asarray(im).astype(np.float32)
    gen = np.random.default_rng(rng.getrandbits(32))
    a = a + gen.normal(0, rng.uniform(2, 14), a.shape[:2])[..., None].astype(np.float32)
    return Image.fromarray(np.clip(a, 0, 255).astype(np.uint8))


def _down(im: Image.Image, rng: random.Random) -> Image.Image:
    w, h = im.size
    side = rng.choice([56, 64, 64, 80, 96, 128])
    if max(w, h) <= side:
        return im
    scale = side / max(w, h)
    how = rng.choice([Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.BOX])
    return im.resize((max(8, round(w * scale)), max(8, round(h * scale))), how)


def _up(im: Image.Image, rng: random.Random) -> Image.Image:
    w, h = im.size
    scale = rng.uniform(1.5, 4) if max(w, h) < 150 else rng.uniform(0.7, 1.3)
    return im.resize((max(8, round(w * scale)), max(8, round(h * scale))), Image.Resampling.BICUBIC)


def _jpeg(im: Image.Image, rng: random.Random) -> Image.Image:
    buffer = io.BytesIO()
    im.save(buffer, "JPEG", quality=rng.randint(35, 92))
    return Image.open(buffer).convert("RGB")


def _colour(im: Image.Image, rng: random.Random) -> Image.Image:
    """Shifts the white balance a little. For colour pictures only, so that grey scans stay grey."""
    gains = [rng.uniform(0.88, 1.12) for _ in range(3)]
    lut: list[int] = []
    for gain in gains:
        lut += [min(255, int(i * gain)) for i in range(256)]
    return im.point(lut)


def augment(im: Image.Image, rng: random.Random, colour: bool, few: bool) -> Image.Image:
    """`few`: the source has few pictures, so they are varied more. One picture in eight is left unchanged."""
    if rng.random() < 0.125:
        return im
    strong = 1.3 if few else 1.0
    if not colour and rng.random() < 0.35:
        im = _ground_to_black(im, rng)
    steps = [(_down, 0.35), (_rotate, 0.35), (_crop, 0.5), (_up, 0.3), (_border, 0.25), (_grey_curve, 0.45)]
    steps += [(_marks, 0.1 if colour else 0.25), (_noise, 0.2), (_jpeg, 0.15)]
    if colour:
        steps.append((_colour, 0.5))
    for step, chance in steps:
        if rng.random() < chance * strong:
            im = step(im, rng)
    if rng.random() < 0.12:
        im = im.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.3) * max(im.size) / 168))
    if colour and rng.random() < 0.5:
        im = im.transpose(Image.Transpose.FLIP_LEFT_RIGHT if rng.random() < 0.5 else Image.Transpose.FLIP_TOP_BOTTOM)
    return im
