"""What a pack's quantization costs: KL divergence and top-1 agreement against the float32 reference.

    python models/goldens/measure_packs.py GOLDENS CHECKPOINT PACK [PACK ...]

GOLDENS is a folder as make_goldens.py writes it; CHECKPOINT is a name in its manifest. Each PACK is that checkpoint,
converted. Every case is run over prompt and reference tokens (teacher forced), and every position counts.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

BLOCK = 32


def read_pack(folder: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """The manifest, and every tensor as float32 (docs/pack-format.md)."""
    manifest = json.loads((folder / "pack.json").read_text())
    stream = b"".join((folder / shard["file"]).read_bytes() for shard in manifest["shards"])

    def read(span: dict, dtype: str) -> np.ndarray:
        return np.frombuffer(stream, dtype, span["length"] // np.dtype(dtype).itemsize, span["offset"])

    tensors = {}
    for tensor in manifest["tensors"]:
        shape, dtype = tensor["shape"], tensor["dtype"]
        if dtype in ("f16", "f32"):
            values = read(tensor["data"], "<f2" if dtype == "f16" else "<f4").astype(np.float32)
        else:
            levels = read(tensor["data"], "u1")
            if dtype == "q4":
                levels = np.stack([levels & 15, levels >> 4], axis=-1)
            scales = read(tensor["scales"], "<f2").astype(np.float32).reshape(-1, 1)
            values = (levels.reshape(-1, BLOCK).astype(np.float32) - (8 if dtype == "q4" else 128)) * scales
        tensors[tensor["name"]] = values.reshape(shape)
    return manifest, tensors


def pack_name(name: str) -> tuple[str, int | None]:
    """The pack's tensor for a parameter, and its part (0, 1, 2) where q, k and v are packed into one."""
    name = name.replace("model.language_model.", "model.").replace("model.visual.", "visual.")
    for part, projection in enumerate(("q_proj", "k_proj", "v_proj")):
        if projection in name:
            return name.replace(projection, "qkv_proj"), part
    return name, None


@torch.no_grad()
def load_weights(model: torch.nn.Module, tensors: dict[str, np.ndarray]) -> None:
    """Copies the pack's values into the model, without the padding."""
    text = model.config.text_config
    head = text.hidden_size // text.num_attention_heads
    starts = np.cumsum([0, text.num_attention_heads, text.num_key_value_heads]) * head
    for full, parameter in model.named_parameters():
        name, part = pack_name(full)
        values = tensors[name]
        if part is not None:
            values = values[starts[part] :]
        shape = (parameter.shape[0], *([parameter[0].numel()] if parameter.ndim > 1 else []))
        cut = values[tuple(slice(0, size) for size in shape)]
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(cut)).reshape(parameter.shape))


def read_cases(goldens: Path, checkpoint: str) -> list[dict]:
    """Model inputs of every case: the prompt and all reference tokens except the last."""
    manifest = json.loads((goldens / "manifest.json").read_text())
    spec = manifest["checkpoints"][checkpoint]
    processor = Qwen2VLImageProcessorPil(min_pixels=manifest["min_pixels"], max_pixels=manifest["max_pixels"])
    cases = []
    for name in manifest["cases"]:
        case = json.loads((goldens / spec["cases"] / f"{name}.json").read_text())
        ids = torch.tensor([case["input_ids"] + case["greedy"]["token_ids"][:-1]])
        inputs = {"input_ids": ids, "mm_token_type_ids": (ids == spec["token_ids"]["<|image_pad|>"]).int()}
        if case["images"]:
            pictures = [
                Image.open((goldens / "images_rgb" / Path(file).name).with_suffix(".png")) for file in case["images"]
            ]
            inputs |= dict(processor(images=pictures, return_tensors="pt"))
        cases.append(inputs)
    return cases


@torch.no_grad()
def log_probabilities(model: torch.nn.Module, cases: list[dict]) -> torch.Tensor:
    """Float32 [positions of all cases, vocabulary]."""
    return torch.cat([torch.log_softmax(model(**case, use_cache=False).logits[0].double(), dim=-1) for case in cases])


def main() -> None:
    goldens, checkpoint, packs = Path(sys.argv[1]), sys.argv[2], [Path(path) for path in sys.argv[3:]]
    torch.set_num_threads(1)
    folder = goldens / json.loads((goldens / "manifest.json").read_text())["checkpoints"][checkpoint]["dir"]
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    cases = read_cases(goldens, checkpoint)
    reference = log_probabilities(model, cases)
    for pack in packs:
        manifest, tensors = read_pack(pack)
        load_weights(model, tensors)
        measured = log_probabilities(model, cases)
        kl = (reference.exp() * (reference - measured)).sum(dim=-1)
        agreement = (reference.argmax(dim=-1) == measured.argmax(dim=-1)).double().mean()
        size = sum(t["data"]["length"] + t.get("scales", {"length": 0})["length"] for t in manifest["tensors"])
        label = f"{manifest['recipe']['weights']} {manifest['recipe']['recipe']}"
        print(f"{checkpoint:20} {label:9} KL {kl.mean():.5f}  top-1 {agreement:.3f}  positions {len(kl)}  bytes {size}")


if __name__ == "__main__":
    main()
