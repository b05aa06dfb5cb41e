"""Two checkpoints with seeded random weights, in the file layout of published repositories."""

import json
import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import (
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
)

from tiny_tokenizer import save_tokenizer, token_ids

VOCAB_SIZE = 384
MIN_PIXELS, MAX_PIXELS = 3136, 28_224
PREPROCESSOR = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_processor_type": "Qwen2VLImageProcessor",
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "merge_size": 2,
    "patch_size": 14,
    "temporal_patch_size": 2,
}
TEXT = {
    "hidden_act": "silu",
    "hidden_size": 64,
    "intermediate_size": 112,  # not a multiple of 32, so packs pad it
    "max_position_embeddings": 4096,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "num_key_value_heads": 1,
    "rms_norm_eps": 1e-6,
    "use_sliding_window": False,
    "vocab_size": VOCAB_SIZE,
}
MROPE_SECTION = [4, 6, 6]  # sums to 16: half of the head size, which is 64 / 2


def _token_fields() -> dict[str, int]:
    ids = token_ids()
    return {
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
    }


def _windowed() -> dict:
    """Qwen2.5-VL: flat config, original tensor names, tied head, one file."""
    vision = {
        "depth": 3, "fullatt_block_indexes": [1], "hidden_act": "silu", "hidden_size": 64, "in_chans": 3,
        "intermediate_size": 90, "num_heads": 2, "out_hidden_size": 64, "patch_size": 14, "spatial_merge_size": 2,
        "spatial_patch_size": 14, "temporal_patch_size": 2, "tokens_per_second": 2, "window_size": 112,
    }  # fmt: skip
    return {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "bos_token_id": token_ids()["<|endoftext|>"],
        "eos_token_id": token_ids()["<|im_end|>"],
        "model_type": "qwen2_5_vl",
        "rope_scaling": {"mrope_section": MROPE_SECTION, "type": "mrope"},
        "rope_theta": 1_000_000.0,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "vision_config": vision,
        **TEXT,
        **_token_fields(),
    }


def _global() -> dict:
    """Qwen2-VL: transformers 5 config, new tensor names, untied head, two files."""
    vision = {
        "depth": 2, "embed_dim": 32, "hidden_act": "quick_gelu", "hidden_size": 64, "in_channels": 3, "mlp_ratio": 4,
        "model_type": "qwen2_vl_vision", "num_heads": 2, "patch_size": 14, "spatial_merge_size": 2,
        "temporal_patch_size": 2,
    }  # fmt: skip
    rope = {"mrope_section": MROPE_SECTION, "rope_theta": 1_000_000.0, "rope_type": "default", "type": "mrope"}
    return {
        "architectures": ["Qwen2VLForConditionalGeneration"],
        "dtype": "bfloat16",
        "model_type": "qwen2_vl",
        "text_config": {
            "bos_token_id": token_ids()["<|endoftext|>"],
            "eos_token_id": token_ids()["<|im_end|>"],
            "model_type": "qwen2_vl_text",
            "rope_parameters": rope,
            **TEXT,
        },
        "tie_word_embeddings": False,
        "vision_config": vision,
        **_token_fields(),
    }


CHECKPOINTS: dict[str, dict[str, Any]] = {
    "qwen2_5_vl": {
        "config": _windowed,
        "names": "original",
        "form": "flat",
        "files": 1,
        "template": "tokenizer_config.json",
    },
    "qwen2_vl": {"config": _global, "names": "new", "form": "v5", "files": 2, "template": "chat_template.jinja"},
}


def _empty_model(config: dict) -> torch.nn.Module:
    """A model in float32 with eager attention."""
    if config["model_type"] == "qwen2_5_vl":
        model = Qwen2_5_VLForConditionalGeneration._from_config(
            Qwen2_5_VLConfig.from_dict(config), attn_implementation="eager"
        )
    else:
        model = Qwen2VLForConditionalGeneration._from_config(
            Qwen2VLConfig.from_dict(config), attn_implementation="eager"
        )
    return model.float().eval()


def _randomize(model: torch.nn.Module, seed: int) -> None:
    """Sets weights that keep activations at about one size in all layers, so that each part affects the logits."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in sorted(model.named_parameters()):
            noise = torch.randn(tensor.shape, generator=generator)
            if "embed_tokens" in name or "lm_head" in name:
                value = noise * 0.3
            elif "norm" in name or "ln_q" in name:
                # Trained models have some negative norm weights, and LayerNorm biases that are not small.
                value = 1 + 0.4 * noise if name.endswith("weight") else 0.2 * noise
            elif name.endswith("bias"):
                value = 0.2 * noise
            else:
                # The layers must outweigh the embedding; otherwise a tied head only repeats the last token.
                gain = 2.5 if "o_proj" in name or ("language_model" in name and "down_proj" in name) else 1.2
                value = noise * gain / math.sqrt(tensor[0].numel())
            tensor.copy_(value.to(torch.bfloat16).float())


def _old_name(name: str) -> str:
    return name.replace("model.language_model.", "model.").replace("model.visual.", "visual.")


def _save_weights(model: torch.nn.Module, folder: Path, names: str, files: int) -> None:
    tied = model.config.tie_word_embeddings
    state = {name: t.detach().to(torch.bfloat16).contiguous() for name, t in model.state_dict().items()}
    state = {name: t for name, t in state.items() if not (tied and name == "lm_head.weight")}
    if names == "original":
        state = {_old_name(name): t for name, t in state.items()}
    if files == 1:
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
        return
    ordered = sorted(state)
    weight_map: dict[str, str] = {}
    for part in range(files):
        file = f"model-{part + 1:05d}-of-{files:05d}.safetensors"
        chosen = ordered[part * len(ordered) // files : (part + 1) * len(ordered) // files]
        save_file({name: state[name] for name in chosen}, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(chosen, file)
    index = {"metadata": {"total_size": sum(t.numel() * 2 for t in state.values())}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def make_checkpoint(folder: Path, name: str, seed: int) -> torch.nn.Module:
    """Writes the repository. Returns its model in float32, with the bfloat16 weights of the files."""
    spec = CHECKPOINTS[name]
    folder.mkdir(parents=True, exist_ok=True)
    config = spec["config"]()
    model = _empty_model(config)
    _randomize(model, seed)
    _save_weights(model, folder, spec["names"], spec["files"])
    eos = [token_ids()["<|im_end|>"], token_ids()["<|endoftext|>"]]
    preprocessor = PREPROCESSOR | (
        {"max_pixels": MAX_PIXELS, "min_pixels": MIN_PIXELS}
        if spec["form"] == "flat"
        else {"size": {"longest_edge": MAX_PIXELS, "shortest_edge": MIN_PIXELS}}
    )
    generation = {"do_sample": True, "eos_token_id": eos, "pad_token_id": eos[1], "temperature": 1e-06}
    for file, content in [
        ("config.json", config),
        ("preprocessor_config.json", preprocessor),
        ("generation_config.json", generation),
    ]:
        (folder / file).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
    save_tokenizer(folder, spec["template"])
    return model
