"""The model: its configuration, its image preprocessing, and saving it as a Hugging Face checkpoint folder."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

PATCH, MERGE, WINDOW = 14, 2, 112
MIN_PIXELS, MAX_PIXELS = 168 * 168, 224 * 168  # 36 to 48 tokens per picture, always more than one attention window
MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]
HIDDEN, LAYERS, HEADS, KV_HEADS, HEAD_DIM, MLP = 256, 4, 4, 2, 64, 704
VISION_DEPTH, VISION_HIDDEN, VISION_HEADS, VISION_MLP, FULL_ATTENTION = 4, 160, 2, 448, [1, 3]
MROPE = [8, 12, 12]
ROPE_THETA = 10000.0


def config_dict(tok) -> dict:
    """config.json in the flat form of the published Qwen2.5-VL repositories."""
    names = ["endoftext", "im_end", "vision_start", "vision_end", "vision_pad", "image_pad", "video_pad"]
    ids = {f"<|{name}|>": tok.token_to_id(f"<|{name}|>") for name in names}
    return {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "attention_dropout": 0.0,
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
        "vision_token_id": ids["<|vision_pad|>"],
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "hidden_act": "silu",
        "hidden_size": HIDDEN,
        "initializer_range": 0.02,
        "intermediate_size": MLP,
        "max_position_embeddings": 4096,
        "max_window_layers": LAYERS,
        "model_type": "qwen2_5_vl",
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "num_key_value_heads": KV_HEADS,
        "rms_norm_eps": 1e-06,
        "rope_theta": ROPE_THETA,
        "sliding_window": 4096,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.49.0",
        "use_cache": True,
        "use_sliding_window": False,
        "vision_config": {
            "depth": VISION_DEPTH,
            "hidden_act": "silu",
            "hidden_size": VISION_HIDDEN,
            "intermediate_size": VISION_MLP,
            "num_heads": VISION_HEADS,
            "in_chans": 3,
            "out_hidden_size": HIDDEN,
            "patch_size": PATCH,
            "spatial_merge_size": MERGE,
            "spatial_patch_size": PATCH,
            "window_size": WINDOW,
            "fullatt_block_indexes": FULL_ATTENTION,
            "tokens_per_second": 2,
            "temporal_patch_size": 2,
        },
        "rope_scaling": {"type": "mrope", "mrope_section": MROPE},
        "vocab_size": math.ceil(tok.get_vocab_size() / 32) * 32,
    }


def build(config: dict) -> Qwen2_5_VLForConditionalGeneration:
    model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(**config))
    return model.float()


def target_size(width: int, height: int) -> tuple[int, int]:
    """Returns (width, height) after Qwen's smart resize. Rounds half to even, like the processor."""
    factor = PATCH * MERGE
    if max(width, height) / min(width, height) > 200:
        raise ValueError("the picture is too long for its width")
    h, w = max(factor, round(height / factor) * factor), max(factor, round(width / factor) * factor)
    if h * w > MAX_PIXELS:
        beta = math.sqrt(height * width / MAX_PIXELS)
        h, w = (max(factor, math.floor(side / beta / factor) * factor) for side in (height, width))
    elif h * w < MIN_PIXELS:
        beta = math.sqrt(MIN_PIXELS / (height * width))
        h, w = (math.ceil(side * beta / factor) * factor for side in (height, width))
    return w, h


def resize(image: Image.Image) -> np.ndarray:
    """The resized picture, uint8 [height, width, 3], as the processor makes it."""
    size = target_size(*image.size)
    return np.asarray(image.convert("RGB").resize(size, Image.Resampling.BICUBIC))


def patches(rgb: np.ndarray) -> np.ndarray:
    """uint8 [patches, 588]: rows in merged order, columns (channel, 14, 14). The second, equal frame is left out."""
    h, w = rgb.shape[0] // PATCH, rgb.shape[1] // PATCH
    x = rgb.reshape(h // MERGE, MERGE, PATCH, w // MERGE, MERGE, PATCH, 3)
    return x.transpose(0, 3, 1, 4, 6, 2, 5).reshape(h * w, 3 * PATCH * PATCH)


def checkpoint_name(name: str) -> str:
    """The tensor name in published repositories (transformers renames tensors when loading)."""
    return name.replace("model.language_model.", "model.").replace("model.visual.", "visual.")


def save(model: Qwen2_5_VLForConditionalGeneration, config: dict, folder: Path) -> None:
    """Writes the weights in bf16 and the configuration files. The tokenizer is saved by tokenizer.save."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        checkpoint_name(k): v.detach().to(torch.bfloat16).contiguous()
        for k, v in model.state_dict().items()
        if k != "lm_head.weight"
    }
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    files = {
        "config.json": config,
        "generation_config.json": {
            "bos_token_id": config["bos_token_id"],
            "pad_token_id": config["bos_token_id"],
            "do_sample": False,
            "eos_token_id": [config["eos_token_id"], config["bos_token_id"]],
            "transformers_version": "4.49.0",
        },
        "preprocessor_config.json": {
            "min_pixels": MIN_PIXELS,
            "max_pixels": MAX_PIXELS,
            "patch_size": PATCH,
            "temporal_patch_size": 2,
            "merge_size": MERGE,
            "image_mean": MEAN,
            "image_std": STD,
            "image_processor_type": "Qwen2VLImageProcessor",
            "processor_class": "Qwen2_5_VLProcessor",
        },
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n")
