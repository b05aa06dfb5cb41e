"""Prompt forms. A prompt is a prefix, shared by all questions about a picture, and a part for one question.

In training several questions share one prefix, so that the picture is encoded once; a form is therefore split where its
question begins. Joined, prefix + part equals the rendered chat template.
"""

from __future__ import annotations

import random

from questions import Item

# MedVLThinker, evaluation. The original is a raw string, so it has a backslash and an "n" instead of a line break.
INSTRUCTION = (
    r"You will solve a problem/request. You should provide your thoughts within <think> </think> tags before providing "
    r"the answer.\nWrite your final answer within <answer> </answer> tags."
)
R1 = (
    "\n    {} \n    Your task: \n    1. Think through the question step by step, enclose your reasoning process in "
    "<think>...</think> tags. \n    2. Then provide the correct single-letter choice (A, B, C, D,...) inside "
    "<answer>...</answer> tags.\n    3. No extra information or text outside of these tags.\n    "
)
MED_R1 = [
    "{} First output the thinking process in <think> </think> and final choice (A, B, C, D ...) in <answer> </answer> "
    "tags.",
    "{} Think through the question step by step in <think>...</think> tags. Then provide the correct single-letter "
    "choice (A, B, C, D,...) inside <answer>...</answer> tags.",
]
SYSTEM = "You are a helpful assistant."
IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"


def medvlthinker_text(item: Item) -> str:
    text = f"Question: {item.question}"
    if item.options:
        text += "\n\nOptions:" + "".join(f"\n\n{letter}. {option}" for letter, option in item.options.items())
    return text


def r1_text(item: Item) -> str:
    return R1.format("\n".join([item.question, *(f"{k}) {v}" for k, v in (item.options or {}).items())]))


def _listed(item: Item, rng: random.Random) -> str:
    mark = rng.choice(["{}. {}", "{}. {}", "{}) {}", "({}) {}", "{}: {}"])
    lines = [mark.format(k, v) for k, v in (item.options or {}).items()]
    return rng.choice(["\n", "\n", "\n", "\n\n", " "]).join(lines)


def plain_text(item: Item, rng: random.Random) -> str:
    if not item.options:
        return rng.choice([item.question] * 4 + [f"Question: {item.question}", item.question.lower()])
    listed = _listed(item, rng)
    q = item.question
    return rng.choice([
        f"{q}\n{listed}", f"{q}\n{listed}", f"{q} {listed}", f"{q}\n\n{listed}", f"Question: {q}\nOptions:\n{listed}",
        f"Question: {q}\nOptions:\n{listed}\nPlease select the correct answer from the options above. \n",
        f"{q}\nOptions:\n{listed}", f"{q}\nChoices:\n{listed}",
        f"Question: {q}\nOptions: \n{listed}\nAnswer with the option's letter from the given choices directly.",
        rng.choice(MED_R1).format(f"{q} {listed}"),
    ])  # fmt: skip


FORMS = {"medvlthinker": 50, "medvlm-r1": 20, "readme": 7, "plain": 23}


def prefix(form: str, image: bool) -> str:
    system = INSTRUCTION.replace(r"\n", "\n") if form == "readme" else SYSTEM
    text = f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n" + (IMAGE if image else "")
    return text + (INSTRUCTION + "\n\n" if form == "medvlthinker" else "")


def part(form: str, item: Item, rng: random.Random) -> str:
    if form == "medvlthinker":
        text = medvlthinker_text(item)
    elif form == "medvlm-r1":
        text = r1_text(item)
    else:
        text = plain_text(item, rng)
    return text + "<|im_end|>\n<|im_start|>assistant\n"


def completion(item: Item) -> str:
    return f"<think>{item.think}</think>\n<answer>{item.answer}</answer><|im_end|>"
