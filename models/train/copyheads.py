"""Sets a few attention heads by hand, so that the model can copy text from the prompt from the first step.

Two heads of layer 0 attend one and two tokens back, by position alone, and write what they see to the residual stream.
Two heads of layer 1 (induction heads) find places where the previous, or second-to-last, token equals the current one,
and copy the token found there. Such heads form in any trained language model, but a small model on two CPU cores would
spend most of its training finding them.
"""

from __future__ import annotations

import torch

import model as M

SLOW = torch.arange(19, 32)  # rotary frequencies that hardly change over a prompt: good for comparing content
FAST = torch.arange(0, 8)  # frequencies that distinguish neighbouring positions


def _back(attention, head: int, distance: int, strength: float = 6.0) -> None:
    """Makes query head `head` attend `distance` tokens back, through biases and the rotary embedding alone."""
    at = slice(head * M.HEAD_DIM, (head + 1) * M.HEAD_DIM)
    turn = distance * M.ROPE_THETA ** (-FAST.float() / (M.HEAD_DIM // 2))
    bias = torch.zeros(M.HEAD_DIM)
    bias[FAST], bias[FAST + M.HEAD_DIM // 2] = strength * turn.cos(), -strength * turn.sin()
    attention.q_proj.weight[at] = 0
    attention.q_proj.bias[at] = bias


@torch.no_grad()
def install(model, seed: int = 5, seen: float = 2.0, copy: float = 12.0, sharpness: float = 4.0) -> None:
    """Changes the attention weights of layers 0 and 1 in place."""
    gen = torch.Generator().manual_seed(seed)
    layers = model.model.language_model.layers
    first, second = layers[0].self_attn, layers[1].self_attn
    size, half = M.HEAD_DIM, M.HEAD_DIM // 2
    norm = model.model.language_model.embed_tokens.weight.norm(dim=1).mean()
    # Orthogonal parts of the residual stream: what is read of a token, where it is written (twice), and what is copied.
    read, *writes, copied = torch.linalg.qr(torch.randn(M.HIDDEN, M.HIDDEN, generator=gen))[0].split(size)

    # Layer 0: query heads 0 and 1 share key/value head 0.
    first.k_proj.weight[:size] = 0
    first.k_proj.bias[:size] = 0
    first.k_proj.bias[FAST] = 6.0
    first.v_proj.weight[:size], first.v_proj.bias[:size] = read, 0
    for head in (0, 1):
        _back(first, head, head + 1)
        first.o_proj.weight[:, head * size : (head + 1) * size] = writes[head].T * (seen * norm / 8)

    # Layer 1: query head 0 (key/value head 0) compares with the previous token, query head 2 (key/value head 1) with
    # the one before it.
    slow = torch.cat([SLOW, SLOW + half])
    for number in (0, 1):
        keys, query = slice(number * size, (number + 1) * size), slice(2 * number * size, (2 * number + 1) * size)
        for proj, at in ((second.k_proj, keys), (second.q_proj, query)):
            proj.weight[at], proj.bias[at] = 0, 0
        second.k_proj.weight[number * size + slow] = sharpness * writes[number][: len(slow)]
        second.q_proj.weight[2 * number * size + slow] = sharpness * read[: len(slow)]
        second.v_proj.weight[keys], second.v_proj.bias[keys] = copied, 0
        second.o_proj.weight[:, query] = copied.T * (copy * norm / 8)
