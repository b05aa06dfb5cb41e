"""What transformers computes for a case in float32: positions, vision output, logits, greedy tokens."""

import hashlib

import numpy as np
import torch
from transformers.vision_utils import get_vision_attention_seqlens, get_vision_window_index

NEW_TOKENS = 16


def describe_array(values: np.ndarray, seed: int = 0) -> dict:
    """Shape, mean, standard deviation, hash and 16 samples, for arrays that are too large to store."""
    flat = np.ascontiguousarray(values, dtype="<f4").reshape(-1)
    index = np.sort(np.random.default_rng(seed).choice(flat.size, size=min(16, flat.size), replace=False))
    return {
        "shape": list(values.shape),
        "dtype": "float32",
        "mean": float(flat.mean(dtype=np.float64)),
        "std": float(flat.std(dtype=np.float64)),
        "sha256_f32le": hashlib.sha256(flat.tobytes()).hexdigest(),
        "samples": {"index": index.tolist(), "value": flat[index].astype(float).tolist()},
    }


def expected_positions(ids: list[int], grids: list[list[int]], image_pad: int) -> np.ndarray:
    """mRoPE positions [3, tokens] computed independently, to check the model's (models/goldens/README.md)."""
    rows: list[list[int]] = [[], [], []]
    position, token, remaining = 0, 0, list(grids)
    while token < len(ids):
        if ids[token] != image_pad:
            for row in rows:
                row.append(position)
            position, token = position + 1, token + 1
            continue
        _, height, width = remaining.pop(0)
        height, width = height // 2, width // 2
        for cell in range(height * width):
            for row, value in zip(rows, (0, cell // width, cell % width), strict=True):
                row.append(position + value)
        position, token = position + max(height, width), token + height * width
    return np.array(rows)


def vision_layout(model: torch.nn.Module, grids: torch.Tensor) -> dict:
    """How the patches are grouped for attention; window entries for Qwen2.5-VL only."""
    config = model.config.vision_config
    cu_seqlens, _ = get_vision_attention_seqlens(grids, config, kwargs={})
    layout = {"cu_seqlens": cu_seqlens.tolist()}
    if config.model_type == "qwen2_5_vl_vision":
        index, cu_window = get_vision_window_index(
            grids,
            spatial_merge_size=config.spatial_merge_size,
            window_size=config.window_size,
            patch_size=config.patch_size,
            kwargs={},
        )
        layout |= {"window_index": index.tolist(), "cu_window_seqlens": cu_window.tolist()}
    return layout


@torch.no_grad()
def run_case(
    model: torch.nn.Module, ids: list[int], pixels: np.ndarray | None, grids: list[list[int]], image_pad: int
) -> dict:
    """Greedy decoding without a cache: every step is an independent forward pass over all tokens."""
    images = {}
    if pixels is not None:
        images = {"pixel_values": torch.from_numpy(pixels), "image_grid_thw": torch.tensor(grids)}
    result: dict = {"steps": []}
    tokens = list(ids)
    for step in range(NEW_TOKENS):
        input_ids = torch.tensor([tokens])
        # Without the type ids, transformers 5 silently falls back to text positions.
        types = (input_ids == image_pad).int()
        logits = model(
            input_ids=input_ids, mm_token_type_ids=types, use_cache=False, logits_to_keep=1, **images
        ).logits[0, -1]
        if step == 0:
            result["logits"] = logits.numpy().copy()
        best = torch.topk(logits, 5)
        result["steps"].append((best.indices.tolist(), best.values.tolist()))
        tokens.append(int(best.indices[0]))
        if tokens[-1] == image_pad:
            break  # transformers would expect another image; the caller tries the next seed
    positions = expected_positions(ids, grids, image_pad)
    if pixels is not None:
        types = (torch.tensor([ids]) == image_pad).int()
        stated, delta = model.model.get_rope_index(torch.tensor([ids]), types, images["image_grid_thw"])
        if not np.array_equal(stated[:, 0].numpy(), positions) or int(delta) != positions.max() + 1 - len(ids):
            raise RuntimeError("the model's position ids differ from those of models/goldens/README.md")
        features = model.model.get_image_features(images["pixel_values"], images["image_grid_thw"]).pooler_output
        result["image_embeds"] = torch.cat(features).numpy() if isinstance(features, tuple | list) else features.numpy()
        result["vision"] = vision_layout(model, images["image_grid_thw"])
    result["position_ids"] = positions.tolist()
    result["rope_delta"] = int(positions.max()) + 1 - len(ids)
    return result
