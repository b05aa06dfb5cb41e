"""A small byte-level BPE tokenizer in exactly Qwen2's form, trained on generated texts."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import phrases as P
import prompts
import questions as Q

# Qwen2's pre-tokenizer.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
    "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
]  # fmt: skip
# Single tokens that are not special, because they must stay in decoded text.
PLAIN = ["<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>",
         "<|file_sep|>", "<think>", "</think>", "<answer>", "</answer>"]  # fmt: skip
# The plain names, one token each, so that repeating a name and its letter takes one step.
NAMES = [f" {kind}" for kind in P.REAL_KINDS] + [" other", " X-ray", " microscopy"]
BPE_SIZE = 1510

CHAT_TEMPLATE = (
    "{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n{% else %}"
    "{% for content in message['content'] %}{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "{% set image_count.value = image_count.value + 1 %}{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% elif content['type'] == 'video' or 'video' in content %}"
    "{% set video_count.value = video_count.value + 1 %}{% if add_vision_id %}Video {{ video_count.value }}: {% endif %}"
    "<|vision_start|><|video_pad|><|vision_end|>{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

DESCRIPTIONS = ["Grey, dark, middle brighter.", "Brown, mid-toned, middle darker.", "Pink, bright.", "Purple, mid-toned, almost blank.",
                "Tan, bright.", "Bluish, dark, middle brighter."]  # fmt: skip


def corpus(closed: list[str], seed: int = 7):
    """Texts like those of training: every plain form, and the closed questions of the training split."""
    rng = random.Random(seed)
    makers = [Q.kind_item, Q.kind_item, Q.region_item, Q.modality_item, Q.yesno_item]
    for _ in range(12000):
        if rng.random() < 0.4:
            item = Q.drill_item(rng)
        else:
            item = rng.choice(makers)(
                rng.choice(P.REAL_KINDS), rng.choice(DESCRIPTIONS), rng, False, rng.random() < 0.85
            )
        yield prompts.part("plain", item, rng)
        yield item.think
    for _ in range(200):
        yield prompts.INSTRUCTION
        yield prompts.R1
        yield prompts.SYSTEM
        yield from prompts.MED_R1
    yield from closed * 3


def build(closed: list[str]) -> Tokenizer:
    tok = Tokenizer(models.BPE(dropout=None, unk_token=None, fuse_unk=False, byte_fallback=False))
    tok.normalizer = normalizers.NFC()
    tok.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
        ]
    )
    tok.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tok.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=BPE_SIZE, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    # Added tokens are cut out of the texts, so that no merge crosses them.
    cut = (piece for text in corpus(closed) for piece in _without(text, SPECIAL + PLAIN + NAMES))
    tok.train_from_iterator(cut, trainer)
    tok.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tok.add_tokens([AddedToken(t, special=False, normalized=False) for t in PLAIN + NAMES])
    return tok


def _without(text: str, marks: list[str]) -> list[str]:
    pieces = [text]
    for mark in marks:
        pieces = [part for piece in pieces for part in piece.split(mark)]
    return [p for p in pieces if p]


def save(tok: Tokenizer, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tok.save(str(folder / "tokenizer.json"))
    tok.model.save(str(folder))  # vocab.json and merges.txt
    added = {
        str(tok.token_to_id(t)): {
            "content": t,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": t in SPECIAL,
        }
        for t in SPECIAL + PLAIN + NAMES
        if tok.token_to_id(t) is not None
    }
    config = {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": added,
        "additional_special_tokens": SPECIAL[1:],
        "bos_token": None,
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 131072,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": CHAT_TEMPLATE}, indent=2) + "\n")
