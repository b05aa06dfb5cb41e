"""A head start for copying: sets a few attention heads so that text from the prompt can be repeated from the first step on.

Two heads of layer 0 look one and two tokens back (by position alone) and hand on what they see. Two heads of layer 1 look
for places whose previous, or second-to-previous, token is the present one, and copy what stands there. Such heads form in any
trained language model; a small model on two CPU cores would spend most of its training on finding them.
"""

from __future__ import annotations

import torch

import model as M

SLOW = torch.arange(19, 32)  # rotary frequencies that hardly turn over a prompt: content can be compared through them
FAST = torch.arange(0, 8)  # those that tell neighbours apart


def _back(attention, head: int, distance: int, strength: float = 6.0) -> None:
    """Query head `head` attends to the token `distance` back: through biases only, turned by the rotary embedding."""
    at = slice(head * M.HEAD_DIM, (head + 1) * M.HEAD_DIM)
    turn = distance * M.ROPE_THETA ** (-FAST.float() / (M.HEAD_DIM // 2))
    bias = torch.zeros(M.HEAD_DIM)
    bias[FAST], bias[FAST + M.HEAD_DIM // 2] = strength * turn.cos(), -strength * turn.sin()
    attention.q_proj.weight[at] = 0
    attention.q_proj.bias[at] = bias


@torch.no_grad()
def install(model, seed: int = 5, seen: float = 2.0, copy: float = 12.0, sharpness: float = 4.0) -> None:
    gen = torch.Generator().manual_seed(seed)
    layers = model.model.language_model.layers
    first, second = layers[0].self_attn, layers[1].self_attn
    size, half = M.HEAD_DIM, M.HEAD_DIM // 2
    norm = model.model.language_model.embed_tokens.weight.norm(dim=1).mean()
    # Orthogonal parts of the residual stream: what is handed on about a token, where to (twice), and what is copied.
    read, *writes, copied = torch.linalg.qr(torch.randn(M.HIDDEN, M.HIDDEN, generator=gen))[0].split(size)

    # Layer 0: query heads 0 and 1 share key/value head 0.
    first.k_proj.weight[:size] = 0
    first.k_proj.bias[:size] = 0
    first.k_proj.bias[FAST] = 6.0
    first.v_proj.weight[:size], first.v_proj.bias[:size] = read, 0
    for head in (0, 1):
        _back(first, head, head + 1)
        first.o_proj.weight[:, head * size : (head + 1) * size] = writes[head].T * (seen * norm / 8)

    # Layer 1: query head 0 with key/value head 0 compares with the previous token, 2 with 1 with the one before.
    slow = torch.cat([SLOW, SLOW + half])
    for number in (0, 1):
        keys, query = slice(number * size, (number + 1) * size), slice(2 * number * size, (2 * number + 1) * size)
        for proj, at in ((second.k_proj, keys), (second.q_proj, query)):
            proj.weight[at], proj.bias[at] = 0, 0
        second.k_proj.weight[number * size + slow] = sharpness * writes[number][: len(slow)]
        second.q_proj.weight[2 * number * size + slow] = sharpness * read[: len(slow)]
        second.v_proj.weight[keys], second.v_proj.bias[keys] = copied, 0
        second.o_proj.weight[:, query] = copied.T * (copy * norm / 8)
