"""Checks the training forward pass and the preprocessing against transformers. Run: python test_fast.py"""

from __future__ import annotations

import random

import numpy as np
import torch
from PIL import Image
from transformers import Qwen2VLImageProcessorPil

import batches as B
import fast
import model as M
import prompts
import questions as Q
import tokenizer as T


def pixel_values(rgb: np.ndarray) -> torch.Tensor:
    """float32 [patches, 1176] with both frames: the input of the transformers model."""
    x = torch.from_numpy(M.patches(rgb)).float().view(-1, 3, 1, 196) / 255
    x = (x - torch.tensor(M.MEAN).view(1, 3, 1, 1)) / torch.tensor(M.STD).view(1, 3, 1, 1)
    return x.expand(-1, 3, 2, 196).reshape(-1, 1176)


def check_pixels() -> None:
    proc = Qwen2VLImageProcessorPil(min_pixels=M.MIN_PIXELS, max_pixels=M.MAX_PIXELS)
    rng = np.random.default_rng(0)
    for size in [(64, 64), (336, 252), (448, 368), (280, 448), (500, 1200), (30, 200), (1024, 1024), (252, 336)]:
        im = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
        got = proc(images=[im], return_tensors="pt")
        rgb = M.resize(im)
        assert got["image_grid_thw"][0].tolist() == [1, rgb.shape[0] // 14, rgb.shape[1] // 14], size
        assert torch.allclose(got["pixel_values"], pixel_values(rgb), atol=1e-5), size
        tokens = rgb.shape[0] * rgb.shape[1] // 784
        print("pixels equal", size, "->", rgb.shape[1::-1], tokens, "tokens")


def check_forward() -> None:
    torch.manual_seed(0)
    tok = T.build([])
    config = M.config_dict(tok)
    model = M.build(config).eval()
    for p in model.parameters():  # make small differences visible
        if p.dim() > 1:
            p.data.mul_(2)
    enc = B.Encoder(tok)
    rng = random.Random(3)
    for size in [(64, 64), (336, 252), (252, 336), (448, 368)]:
        rgb = M.resize(
            Image.fromarray(np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
        )
        grid = (rgb.shape[0] // 14, rgb.shape[1] // 14)
        prefix = enc.ids(prompts.prefix("medvlthinker", True))
        items = [Q.kind_item("head CT", "Grey.", rng, False) for _ in range(2)]
        row = B.Row(prefix, grid, enc.image)
        for item in items:
            row.add(enc.ids(prompts.part("medvlthinker", item, rng)), *enc.completion(item))
        batch = B.collate([row], [(0, M.patches(rgb), grid)])
        with torch.no_grad():
            states = fast.hidden_states(
                model, batch["ids"], batch["positions"], B.attention_mask(batch["segments"]), batch["images"]
            )
            mine = fast.logits(model, states)[0]
            wanted = B.wanted_rows(batch["targets"])
            few = fast.hidden_states(
                model, batch["ids"], batch["positions"], B.attention_mask(batch["segments"]), batch["images"], wanted
            )
        assert torch.allclose(few[0], states[0][wanted[0]], atol=1e-5), "the last layer's shortcut differs"
        for number in (1, 2):
            keep = (batch["segments"][0] == 0) | (batch["segments"][0] == number)
            ids = batch["ids"][0][keep][None]
            kinds = (ids == enc.image).int()
            thw = torch.tensor([[1, *grid]])
            with torch.no_grad():
                positions, _ = model.model.get_rope_index(ids, kinds, image_grid_thw=thw)
                out = model(
                    input_ids=ids,
                    attention_mask=torch.ones_like(ids),
                    pixel_values=pixel_values(rgb),
                    image_grid_thw=thw,
                    mm_token_type_ids=kinds,
                ).logits[0]
            assert torch.equal(positions[:, 0], batch["positions"][:, 0][:, keep]), "positions differ"
            assert not torch.equal(positions[0], positions[1]), "positions are one-dimensional"
            gap = (out - mine[keep]).abs().max().item()
            print("forward", size, "question", number, "max difference", f"{gap:.1e}", "of", f"{out.abs().max():.1f}")
            assert gap < 1e-4
        joined = prompts.prefix("medvlthinker", True) + prompts.part("medvlthinker", items[0], random.Random(0))
        split = prefix + enc.ids(prompts.part("medvlthinker", items[0], random.Random(0)))
        assert enc.ids(joined) == split, "splitting the prompt changes its tokens"


if __name__ == "__main__":
    check_pixels()
    check_forward()
    print("all equal")
