"""Makes models/goldens/vectors: tiny checkpoints, images, and what transformers computes from them.

Run from anywhere: `python models/goldens/make_goldens.py`. It takes about a minute on one CPU core.
"""

import hashlib
import json
import shutil
from pathlib import Path

import jinja2
import numpy as np
import PIL
import tokenizers
import torch
import transformers
from PIL import Image
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil, smart_resize

from drawings import DRAWINGS, to_rgb
from reference import NEW_TOKENS, describe_array, run_case
from tiny_checkpoints import CHECKPOINTS, MAX_PIXELS, MIN_PIXELS, PREPROCESSOR, make_checkpoint
from tiny_tokenizer import CHAT_TEMPLATE, make_tokenizer, token_ids

VECTORS = Path(__file__).parent / "vectors"
MIN_MARGIN = 0.01
"""The best logit must lead by this much at every step, or rounding could change the token."""
MIN_DISTINCT = 6
"""A model that repeats one token does not test later steps."""
MAX_SEEDS = 200


def image(name: str) -> dict:
    return {"type": "image", "image": f"images/{name}"}


def text(content: str) -> dict:
    return {"type": "text", "text": content}


def ask(*content: dict) -> dict:
    return {"role": "user", "content": list(content)}


CASES: dict[str, tuple[str, list[dict]]] = {
    "text_only": ("no image", [{"role": "user", "content": "Is the answer A or B? Think first."}]),
    "single_image": (
        "one image, no side a multiple of 28, two attention windows",
        [ask(image("rings.png"), text("What is shown in this image?"))],
    ),
    "window_exact": (
        "an image of exactly two windows, not resized",
        [ask(image("bars.png"), text("Describe the picture."))],
    ),
    "two_images": (
        "two images in one turn: one with transparency, one above max_pixels",
        [ask(image("disc.png"), text("Compare this with "), image("grain.png"), text("Which one is bright?"))],
    ),
    "followup": (
        "a second question about the image of the first turn",
        [
            ask(image("rings.png"), text("Describe the picture in one short sentence.")),
            {"role": "assistant", "content": "There are rings."},
            {"role": "user", "content": "How many?"},
        ],
    ),
    "later_image": (
        "system message, Unicode, and an image only in the second turn",
        [
            {"role": "system", "content": "Answer in one word."},
            {"role": "user", "content": "Grüße! 你好 👋🏽"},
            {"role": "assistant", "content": "Hello."},
            ask(text("What is this?"), image("disc.png")),
        ],
    ),
}


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_npy(path: Path, values: np.ndarray) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.ascontiguousarray(values, dtype="<f4"))
    return str(path.relative_to(VECTORS))


def write_images() -> dict:
    """Each drawing as stored, as 8-bit RGB, and resized as the image processor does it."""
    table = {}
    for name, draw in DRAWINGS.items():
        stored = draw()
        rgb = to_rgb(stored)
        height, width = smart_resize(rgb.height, rgb.width, 28, MIN_PIXELS, MAX_PIXELS)
        resized = rgb.resize((width, height), Image.Resampling.BICUBIC)
        for folder, picture in [("images", stored), ("images_rgb", rgb), ("images_resized", resized)]:
            (VECTORS / folder).mkdir(parents=True, exist_ok=True)
            picture.save(VECTORS / folder / name, optimize=True)
        table[name] = {
            "mode": stored.mode,
            "rgb_size_wh": list(rgb.size),
            "resized_size_wh": [width, height],
            "grid_thw": [1, height // 14, width // 14],
            "rgb_sha256": hashlib.sha256(rgb.tobytes()).hexdigest(),
            "resized_sha256": hashlib.sha256(resized.tobytes()).hexdigest(),
        }
    return table


def prepare_case(name: str, table: dict) -> dict:
    """The parts of a case that do not depend on the weights: prompt, ids, pixels and grids."""
    description, messages = CASES[name]
    parts = [part for m in messages if isinstance(m["content"], list) for part in m["content"]]
    files = [part["image"] for part in parts if part["type"] == "image"]
    prompt = jinja2.Template(CHAT_TEMPLATE, trim_blocks=True, lstrip_blocks=True).render(
        messages=messages, add_generation_prompt=True
    )
    pixels, grids, expanded = None, [], prompt
    if files:
        processor = Qwen2VLImageProcessorPil(**PREPROCESSOR, min_pixels=MIN_PIXELS, max_pixels=MAX_PIXELS)
        pictures = [Image.open(VECTORS / "images_rgb" / Path(file).name) for file in files]
        batch = processor(images=pictures, return_tensors="np")
        pixels, grids = batch["pixel_values"].astype("<f4"), batch["image_grid_thw"].tolist()
        if grids != [table[Path(file).name]["grid_thw"] for file in files]:
            raise RuntimeError(f"{name}: the image processor chose other sizes")
        for _, height, width in grids:
            expanded = expanded.replace("<|image_pad|>", "\0" * (height * width // 4), 1)
    ids = make_tokenizer().encode(expanded.replace("\0", "<|image_pad|>"), add_special_tokens=False).ids
    return {
        "description": description,
        "messages": messages,
        "images": files,
        "prompt": prompt,
        "ids": ids,
        "pixels": pixels,
        "grids": grids,
    }


def write_case(checkpoint: str, name: str, case: dict, result: dict) -> None:
    folder = VECTORS / "cases" / checkpoint
    tokens = [ids[0] for ids, _ in result["steps"]]
    logits = result["logits"]
    content = {
        "name": name, "checkpoint": checkpoint, "description": case["description"], "messages": case["messages"],
        "images": case["images"], "prompt": case["prompt"], "num_tokens": len(case["ids"]), "input_ids": case["ids"],
        "image_grid_thw": case["grids"], "position_ids": result["position_ids"], "rope_delta": result["rope_delta"],
    }  # fmt: skip
    if case["pixels"] is not None:
        content["pixel_values"] = describe_array(case["pixels"])
        if name == "single_image":
            content["pixel_values"]["file"] = write_npy(VECTORS / "pixel_values" / f"{name}.npy", case["pixels"])
        embeds = write_npy(folder / f"{name}.image_embeds.npy", result["image_embeds"])
        content["image_embeds"] = describe_array(result["image_embeds"]) | {"file": embeds}
        content["vision"] = result["vision"]
    content["logits"] = {
        "file": write_npy(folder / f"{name}.logits.npy", logits),
        "argmax": int(logits.argmax()),
        "mean": float(logits.mean()),
        "std": float(logits.std()),
        "max": float(logits.max()),
    }
    content["greedy"] = {
        "token_ids": tokens,
        "text": make_tokenizer().decode(tokens, skip_special_tokens=False),
        "margin": [round(values[0] - values[1], 6) for _, values in result["steps"]],
        "top5_ids": [ids for ids, _ in result["steps"]],
        "top5_logits": [[round(value, 6) for value in values] for _, values in result["steps"]],
    }
    write_json(folder / f"{name}.json", content)


def is_clear(steps: list[tuple[list[int], list[float]]]) -> bool:
    clear = all(values[0] - values[1] >= MIN_MARGIN for _, values in steps)
    return len(steps) == NEW_TOKENS and clear and len({ids[0] for ids, _ in steps}) >= MIN_DISTINCT


def make_seeded(checkpoint: str, cases: dict) -> tuple[int, int]:
    """Writes the cases of the first seed whose greedy tokens vary and lead clearly. Returns (seed, parameters)."""
    image_pad = token_ids()["<|image_pad|>"]
    folder = VECTORS / "checkpoints" / checkpoint
    for seed in range(1, MAX_SEEDS):
        model = make_checkpoint(folder, checkpoint, seed)
        results = {}
        for name, case in cases.items():
            results[name] = run_case(model, case["ids"], case["pixels"], case["grids"], image_pad)
            if not is_clear(results[name]["steps"]):
                break
        else:
            for name, case in cases.items():
                write_case(checkpoint, name, case, results[name])
            return seed, sum(p.numel() for p in model.parameters())
    raise RuntimeError(f"{checkpoint}: no seed below {MAX_SEEDS} gives clear margins")


def describe_file(path: Path) -> dict:
    return {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def main() -> None:
    torch.set_num_threads(1)
    shutil.rmtree(VECTORS, ignore_errors=True)
    images = write_images()
    cases = {name: prepare_case(name, images) for name in CASES}
    checkpoints = {}
    for name, spec in CHECKPOINTS.items():
        seed, parameters = make_seeded(name, cases)
        checkpoints[name] = {
            "dir": f"checkpoints/{name}",
            "cases": f"cases/{name}",
            "tensor_names": spec["names"],
            "config_form": spec["form"],
            "seed": seed,
            "parameters": parameters,
            "token_ids": token_ids(),
        }
    files = sorted(path for path in VECTORS.rglob("*") if path.is_file())
    manifest = {
        "format": 1,
        "versions": {module.__name__: module.__version__ for module in (torch, transformers, tokenizers, PIL, np)},
        "new_tokens": NEW_TOKENS,
        "min_pixels": MIN_PIXELS,
        "max_pixels": MAX_PIXELS,
        "images": images,
        "checkpoints": checkpoints,
        "cases": list(CASES),
        "files": {str(path.relative_to(VECTORS)): describe_file(path) for path in files},
    }
    write_json(VECTORS / "manifest.json", manifest)


if __name__ == "__main__":
    main()
