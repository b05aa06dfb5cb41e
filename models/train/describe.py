"""Words that describe a picture, measured from the pixels that the model is given.

The reasoning that the model learns may only state what these functions measured, and the kind from the source's label.
A text made from the label alone would claim things ("black lungs") that a given picture may not show.
"""

from __future__ import annotations

import numpy as np


def _colour_word(rgb: np.ndarray) -> str:
    red, green, blue = (float(v) for v in rgb.reshape(-1, 3).mean(0))
    spread = max(red, green, blue) - min(red, green, blue)
    if spread < 6:
        return "grey"
    if blue > red + 4:
        return "bluish"
    if blue > green + 8:
        return "purple" if red < blue + 12 else "pink"
    return "pink" if blue > 0.82 * green and red > 1.12 * green else "brown" if red < 190 else "tan"


def _tone(luma: np.ndarray) -> str:
    mean = float(luma.mean())
    return "dark" if mean < 62 else "mid-toned" if mean < 135 else "bright"


def _middle(luma: np.ndarray) -> str:
    h, w = luma.shape
    inner = np.zeros((h, w), bool)
    inner[h // 4 : h - h // 4, w // 4 : w - w // 4] = True
    gap = float(luma[inner].mean() - luma[~inner].mean())
    if gap > 18:
        return "middle brighter"
    return "middle darker" if gap < -18 else ""


def describe(rgb: np.ndarray) -> str:
    """`rgb`: uint8 [height, width, 3], after the processor's resize."""
    luma = rgb.astype(np.float32).mean(-1)
    words = [_colour_word(rgb.astype(np.float32)), _tone(luma), _middle(luma)]
    if float(luma.std()) < 14:
        words = [words[0], words[1], "almost blank"]
    return ", ".join(w for w in words if w).capitalize() + "."


def is_colour(rgb: np.ndarray) -> bool:
    return _colour_word(rgb.astype(np.float32)) != "grey"
