"""Reference vectors for image preprocessing, rotary tables and sampling.

    .venv/bin/pip install -r models/goldens/requirements.txt pydicom==3.0.2
    .venv/bin/python models/goldens/make_preprocess_vectors.py     # a few seconds on one core

Writes preprocess/*.json next to this file: what Pillow, numpy, torch, transformers and pydicom compute. The unit
tests in src/ read these files and need no Python. The same versions give the same bytes.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import PIL
import pydicom
import torch
import transformers
from PIL import Image
from transformers import Qwen2_5_VLConfig
from transformers.generation import logits_process
from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl as qwen
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil, smart_resize
from transformers.vision_utils import get_vision_position_ids

from png_samples import image, make_browser, make_pngs, text64

HERE = Path(__file__).parent
OUT = HERE / "preprocess"
SAMPLE = HERE.parents[1] / "public" / "samples" / "ct-small.dcm"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# Up, down, mixed, 1-pixel sides, one axis unchanged, and both sides of the limit beyond which Pillow filters
# vertically first: 2 x (columns lost) < (rows lost).
RESIZES = [
    (1, 1, 5, 3),
    (1, 9, 7, 2),
    (9, 1, 2, 7),
    (2, 2, 31, 17),
    (31, 17, 2, 2),
    (13, 7, 13, 20),
    (13, 7, 20, 7),
    (13, 7, 1, 1),
    (40, 24, 28, 28),
    (28, 28, 56, 56),
    (23, 37, 28, 28),
    (37, 23, 84, 28),
    (64, 20, 28, 56),
    (30, 30, 26, 22),
    (30, 30, 26, 21),
    (30, 30, 25, 20),
    (30, 30, 31, 29),
    (30, 30, 29, 31),
    (33, 45, 34, 46),
    (45, 33, 44, 31),
    (45, 33, 44, 30),
    (7, 61, 28, 28),
    (61, 7, 28, 28),
]
LARGE_RESIZES = [(620, 413, 364, 252), (397, 151, 392, 140), (113, 97, 560, 476)]


def make_resizes() -> list[dict]:
    rows = []
    for seed, (width, height, to_width, to_height) in enumerate(RESIZES + LARGE_RESIZES):
        picture = Image.fromarray(image(width, height, seed))
        result = picture.resize((to_width, to_height), Image.Resampling.BICUBIC).tobytes()
        row = {"from": [width, height], "to": [to_width, to_height], "seed": seed, "sha256": sha256(result)}
        if (width, height, to_width, to_height) in RESIZES:
            row["rgb"] = text64(result)
        rows.append(row)
    return rows


def make_sizes() -> list[list]:
    """[width, height, min_pixels, max_pixels, new width, new height]; null, null where smart_resize raises."""
    rng = np.random.default_rng(1)
    sides = [1, 2, 9, 13, 14, 27, 28, 29, 42, 56, 69, 70, 71, 98, 99, 126, 400, 634, 1000, 2801]
    rows = []
    for _ in range(400):
        width, height = (int(rng.choice(sides)) if rng.random() < 0.5 else int(rng.integers(1, 3000)) for _ in "wh")
        limits = [int(rng.choice([3136, 200704])), int(rng.choice([100352, 401408, 12845056]))]
        limits.sort()
        try:
            result = smart_resize(height, width, 28, *limits)[::-1]
        except ValueError:
            result = [None, None]
        rows.append([width, height, *limits, *result])
    return rows


def make_pixel_values() -> dict:
    processor = Qwen2VLImageProcessorPil(min_pixels=3136, max_pixels=12845056)
    picture = image(84, 56, 2)
    out = processor([Image.fromarray(picture)], return_tensors="np", do_resize=False)
    values = out["pixel_values"].astype(np.float32)
    return {
        "size": [84, 56],
        "seed": 2,
        "grid": out["image_grid_thw"][0].tolist(),
        "shape": list(values.shape),
        "image_mean": list(processor.image_mean),
        "image_std": list(processor.image_std),
        "sha256": sha256(values.tobytes()),
        "samples": [[int(i), float(values.ravel()[i])] for i in range(0, values.size, values.size // 200)],
    }


def rounded(tensor: torch.Tensor) -> list:
    return [round(float(value), 7) for value in tensor.ravel()]


def make_rotary() -> dict:
    config = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": 128,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [4, 6, 6]},
        },
        vision_config={"hidden_size": 160, "num_heads": 2, "spatial_merge_size": 2},
    )
    positions = torch.tensor([[0, 1, 2, 2, 2, 5, 4095], [0, 1, 2, 3, 4, 5, 4095], [0, 1, 7, 8, 9, 10, 4095]])
    rope = qwen.Qwen2_5_VLRotaryEmbedding(config.text_config)
    cos, sin = rope(torch.zeros(1), positions[:, None])
    half = cos.shape[-1] // 2
    grid = torch.tensor([[1, 4, 6]])
    vision = qwen.Qwen2_5_VLVisionRotaryEmbedding(config.vision_config)
    ids = get_vision_position_ids(grid, 2)
    vision_cos, vision_sin = vision(torch.zeros(1), ids)
    vision_cos, vision_sin = vision_cos.reshape(24, -1), vision_sin.reshape(24, -1)
    vision_half = vision_cos.shape[-1] // 2
    return {
        "text": {
            "positions": positions.tolist(),
            "head_dim": 32,
            "theta": 1e6,
            "sections": [4, 6, 6],
            "cos": rounded(cos[0, :, :half]),
            "sin": rounded(sin[0, :, :half]),
        },
        "vision": {
            "grid": [1, 4, 6],
            "merge": 2,
            "head_dim": 80,
            "cos": rounded(vision_cos[:, :vision_half]),
            "sin": rounded(vision_sin[:, :vision_half]),
        },
    }


def make_sampling() -> dict:
    """The probabilities that remain after temperature, top-k and top-p, and logits after the repetition penalty."""
    logits = torch.tensor([[2.0, -1.0, 3.5, 3.5, 0.0, 1.0, -4.0, 2.9, 0.5, -0.5]])
    kept = []
    for temperature, top_k, top_p in [
        (1, 0, 0.9),
        (1, 0, 0.3),
        (1, 0, 0.01),
        (2, 0, 0.5),
        (0.5, 0, 0.95),
        (1, 1, 1),
        (1, 3, 1),
        (1, 5, 0.8),
        (1.5, 4, 0.7),
        (1, 0, 1),
        (0.7, 20, 0.999),
    ]:
        scores = logits_process.TemperatureLogitsWarper(float(temperature))(None, logits)
        if top_k:
            scores = logits_process.TopKLogitsWarper(top_k)(None, scores)
        if top_p < 1:
            scores = logits_process.TopPLogitsWarper(top_p)(None, scores)
        probabilities = scores.softmax(-1)[0]
        kept.append(
            {
                "temperature": temperature,
                "topK": top_k,
                "topP": top_p,
                "probabilities": [round(float(p), 6) for p in probabilities],
            }
        )
    seen = [0, 1, 1, 6, 7]
    penalized = logits_process.RepetitionPenaltyLogitsProcessor(1.3)(torch.tensor([seen]), logits.clone())
    return {
        "logits": logits[0].tolist(),
        "kept": kept,
        "penalty": {"seen": seen, "penalty": 1.3, "logits": penalized[0].tolist()},
    }


def make_dicom() -> list[dict]:
    """public/samples/ct-small.dcm in three windows, computed by pydicom and the formulas of PS3.3 C.11.2.1.2.1."""
    data = pydicom.dcmread(SAMPLE)
    values = pydicom.pixels.apply_modality_lut(data.pixel_array, data).astype(np.float64)
    low, high = np.percentile(values, [1, 99])
    windows = [None, [40, 400], [-600, 1500]]
    rows = []
    for window in windows:
        center, width = window or [(low + high) / 2 + 0.5, high - low + 1]
        level = ((values - (center - 0.5)) / (width - 1) + 0.5) * 255
        grey = np.floor(np.clip(level, 0, 255) + 0.5).astype(np.uint8)
        rgb = np.repeat(grey[..., None], 3, axis=-1)
        rows.append({"asked": window, "window": [center, width], "sha256": sha256(rgb.tobytes())})
    return rows


def write(name: str, value: list | dict) -> None:
    """One line per entry, so that diffs stay readable."""
    if isinstance(value, list):
        lines = ",\n".join(json.dumps(row) for row in value)
        text = f"[\n{lines}\n]\n"
    else:
        text = "{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()) + "\n}\n"
    (OUT / f"{name}.json").write_text(text)


def main() -> None:
    OUT.mkdir(exist_ok=True)
    write(
        "versions",
        {
            "pillow": PIL.__version__,
            "numpy": np.__version__,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "pydicom": pydicom.__version__,
        },
    )
    write("smart_resize", make_sizes())
    write("resize", make_resizes())
    write("pixel_values", make_pixel_values())
    write("rotary", make_rotary())
    write("sampling", make_sampling())
    write("png", make_pngs())
    write("browser", make_browser())
    write("dicom", make_dicom())


if __name__ == "__main__":
    main()
