"""The training forward pass: the parameters of the transformers model, batched to keep two CPU cores busy.

A row holds one picture and several questions; each question sees the picture and itself, not the other questions.
Pictures with the same grid go through the vision tower as one batch, with windows as a mask, instead of one by one.
`test_fast.py` checks that the results equal those of transformers.
"""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F

import model as M


def _rotate_half(x: torch.Tensor) -> torch.Tensor:
    half = x.shape[-1] // 2
    return torch.cat((-x[..., half:], x[..., :half]), dim=-1)


@lru_cache(maxsize=64)
def _vision_plan(h: int, w: int):
    """For a grid of h x w patches: their window order, its inverse for merged tokens, rotary tables, window mask."""
    rows, cols = h // 2, w // 2
    per = M.WINDOW // (M.PATCH * M.MERGE)
    r, c = torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing="ij")
    window = ((r // per) * ((cols + per - 1) // per) + c // per).reshape(-1)
    order = torch.sort(window, stable=True).indices
    patch_order = (order[:, None] * 4 + torch.arange(4)).reshape(-1)
    y = (r[..., None] * 2 + torch.tensor([0, 0, 1, 1])).reshape(-1)[patch_order]
    x = (c[..., None] * 2 + torch.tensor([0, 1, 0, 1])).reshape(-1)[patch_order]
    dim = M.VISION_HIDDEN // M.VISION_HEADS // 2
    inv = 1.0 / (10000.0 ** (torch.arange(0, dim, 2, dtype=torch.float) / dim))
    angle = torch.cat([y[:, None] * inv, x[:, None] * inv], dim=-1)
    angle = torch.cat([angle, angle], dim=-1)
    owner = window[order].repeat_interleave(4)
    return patch_order, torch.argsort(order), angle.cos(), angle.sin(), owner[:, None] == owner[None, :]


def vision(model, pixels: torch.Tensor, h: int, w: int) -> torch.Tensor:
    """uint8 [n, h*w, 588] -> [n, h*w/4, hidden], in raster order of merged tokens."""
    tower = model.model.visual
    order, inverse, cos, sin, mask = _vision_plan(h, w)
    mean = torch.tensor(M.MEAN).repeat_interleave(196)
    std = torch.tensor(M.STD).repeat_interleave(196)
    x = (pixels[:, order].float() / 255 - mean) / std
    # A still picture gives two equal frames, so the two temporal halves of the kernel can be added.
    x = F.linear(x, tower.patch_embed.proj.weight.sum(2).reshape(M.VISION_HIDDEN, -1))
    n, length, width = x.shape
    for i, block in enumerate(tower.blocks):
        y = F.rms_norm(x, (width,), block.norm1.weight, 1e-6)
        q, k, v = block.attn.qkv(y).view(n, length, 3, M.VISION_HEADS, -1).permute(2, 0, 3, 1, 4)
        q, k = q * cos + _rotate_half(q) * sin, k * cos + _rotate_half(k) * sin
        y = F.scaled_dot_product_attention(q, k.to(v.dtype), v, attn_mask=None if i in M.FULL_ATTENTION else mask)
        x = x + block.attn.proj(y.transpose(1, 2).reshape(n, length, width))
        y = F.rms_norm(x, (width,), block.norm2.weight, 1e-6)
        x = x + block.mlp.down_proj(F.silu(block.mlp.gate_proj(y)) * block.mlp.up_proj(y))
    x = F.rms_norm(x, (width,), tower.merger.ln_q.weight, 1e-6).view(n, length // 4, width * 4)
    return tower.merger.mlp(x)[:, inverse]


def _mrope(positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """[3, b, l] -> cos, sin [b, 1, l, head_dim]."""
    inv = 1.0 / (M.ROPE_THETA ** (torch.arange(0, M.HEAD_DIM, 2, dtype=torch.float) / M.HEAD_DIM))
    angles = positions[..., None].float() * inv
    mixed = torch.cat([part[i % 3] for i, part in enumerate(angles.split(M.MROPE, dim=-1))], dim=-1)
    mixed = torch.cat([mixed, mixed], dim=-1)[:, None]
    return mixed.cos(), mixed.sin()


def _attend(layer, x: torch.Tensor, y: torch.Tensor, tables, own_tables, mask: torch.Tensor) -> torch.Tensor:
    """Attention of the normed rows `y` (all of `x`, or a selection) over all of `x`."""
    a = layer.self_attn
    (b, length, width), few = x.shape, y.shape[1]
    q = a.q_proj(y).view(b, few, M.HEADS, M.HEAD_DIM).transpose(1, 2)
    k = a.k_proj(x).view(b, length, M.KV_HEADS, M.HEAD_DIM).transpose(1, 2)
    v = a.v_proj(x).view(b, length, M.KV_HEADS, M.HEAD_DIM).transpose(1, 2)
    q = q * own_tables[0] + _rotate_half(q) * own_tables[1]
    k = k * tables[0] + _rotate_half(k) * tables[1]
    k, v = (t.repeat_interleave(M.HEADS // M.KV_HEADS, 1) for t in (k, v))
    y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return a.o_proj(y.transpose(1, 2).reshape(b, few, width))


def _layer(layer, x: torch.Tensor, tables, mask: torch.Tensor, wanted: torch.Tensor | None) -> torch.Tensor:
    """One decoder layer. With `wanted` (indices [b, n]) only those rows are computed, enough for the last layer."""
    width = x.shape[-1]
    y = own = F.rms_norm(x, (width,), layer.input_layernorm.weight, 1e-6)
    own_tables = tables
    if wanted is not None:
        pick = wanted[..., None].expand(-1, -1, width)
        x, own = x.gather(1, pick), y.gather(1, pick)
        turn = wanted[:, None, :, None].expand(-1, 1, -1, M.HEAD_DIM)
        own_tables = tuple(t.gather(2, turn) for t in tables)
        mask = mask.gather(2, wanted[:, None, :, None].expand(-1, 1, -1, mask.shape[-1]))
    x = x + _attend(layer, y, own, tables, own_tables, mask)
    y = F.rms_norm(x, (width,), layer.post_attention_layernorm.weight, 1e-6)
    return x + layer.mlp.down_proj(F.silu(layer.mlp.gate_proj(y)) * layer.mlp.up_proj(y))


def hidden_states(
    model, ids: torch.Tensor, positions: torch.Tensor, mask: torch.Tensor, images, wanted=None
) -> torch.Tensor:
    """`images`: [(pixels, h, w, rows)], `rows` being the batch row of each picture. `mask`: [b, 1, l, l], additive.

    Returns the final states of all positions, or only of the indices `wanted` [b, n].
    """
    text = model.model.language_model
    x = text.embed_tokens(ids)
    if images:
        x = x.clone()
        for pixels, h, w, rows in images:
            found = (ids[rows] == model.config.image_token_id).nonzero()
            x[rows[found[:, 0]], found[:, 1]] = vision(model, pixels, h, w).flatten(0, 1)
    tables = _mrope(positions)
    last = len(text.layers) - 1
    for i, layer in enumerate(text.layers):
        x = _layer(layer, x, tables, mask, wanted if i == last else None)
    return F.rms_norm(x, (x.shape[-1],), text.norm.weight, 1e-6)


def logits(model, states: torch.Tensor) -> torch.Tensor:
    return F.linear(states, model.model.language_model.embed_tokens.weight)
