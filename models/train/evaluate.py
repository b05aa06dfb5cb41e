"""Scores a checkpoint folder on held-out pictures with transformers' greedy generation.

python evaluate.py --data DIR --checkpoint DIR [--split test] [--per-type 300] [--json FILE]

Everything is read from the folder, as a user would: weights rounded to bf16, tokenizer, chat template, image settings.
Questions and options use the wordings kept out of training, unless --seen-wordings is given.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration, Qwen2VLImageProcessorPil

import data
import prompts
import questions as Q

FORMED = re.compile(r"<think>.*?</think>\s*<answer>.*?</answer>", re.DOTALL)
ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
TYPES = ["kind", "kind short", "region", "modality", "yesno", "lesion", "closed"]


class Generator:
    def __init__(self, folder: Path) -> None:
        self.tok = AutoTokenizer.from_pretrained(folder)
        self.images = Qwen2VLImageProcessorPil.from_pretrained(folder)
        self.model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        self.pad = self.model.config.image_token_id

    def _encode(self, case: dict) -> tuple[list[int], dict]:
        content = [{"type": "image"}, {"type": "text", "text": case["text"]}]
        messages = [{"role": "user", "content": content}]
        if case.get("system"):
            messages.insert(0, {"role": "system", "content": case["system"]})
        ids = self.tok.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=False)
        seen = self.images(images=[Image.open(case["image"]).convert("RGB")], return_tensors="pt")
        count = int(seen["image_grid_thw"].prod()) // 4
        at = ids.index(self.pad)
        return ids[:at] + [self.pad] * count + ids[at + 1 :], seen

    @torch.no_grad()
    def answers(self, cases: list[dict], batch: int = 24, limit: int = 100) -> list[str]:
        texts: list[str] = []
        for first in range(0, len(cases), batch):
            made = [self._encode(c) for c in cases[first : first + batch]]
            length = max(len(ids) for ids, _ in made)
            filler = self.model.config.get_text_config().bos_token_id
            ids = torch.tensor([[filler] * (length - len(i)) + i for i, _ in made])
            mask = torch.tensor([[0] * (length - len(i)) + [1] * len(i) for i, _ in made])
            out = self.model.generate(
                input_ids=ids,
                attention_mask=mask,
                pixel_values=torch.cat([s["pixel_values"] for _, s in made]),
                image_grid_thw=torch.cat([s["image_grid_thw"] for _, s in made]),
                mm_token_type_ids=(ids == self.pad).int(),
                max_new_tokens=limit,
                do_sample=False,
            )
            texts += self.tok.batch_decode(out[:, length:], skip_special_tokens=True)
        return texts


def case_of(picture: data.Picture, item: Q.Item, preset: str) -> dict:
    text = (
        prompts.INSTRUCTION + "\n\n" + prompts.medvlthinker_text(item)
        if preset == "medvlthinker"
        else prompts.r1_text(item)
    )
    return {
        "image": picture.path,
        "text": text,
        "key": item.key,
        "options": item.options,
        "question": item.question,
        "preset": preset,
        "kind": picture.kind,
        "group": f"{picture.source}/{picture.kind}",
    }


def _balanced(pictures: list[data.Picture], count: int, rng: random.Random) -> list[data.Picture]:
    """Draws from the source/kind groups in turn, so that small groups count as much as large ones."""
    groups = [rng.sample(g, len(g)) for _, g in sorted(data.groups(pictures).items())]
    chosen: list[data.Picture] = []
    turn = 0
    while len(chosen) < count and any(groups):
        group = groups[turn % len(groups)]
        if group:
            chosen.append(group.pop())
        turn += 1
    return chosen


def _item(kind_of_question: str, picture: data.Picture, rng: random.Random, held: bool) -> Q.Item:
    make = {
        "kind": Q.kind_item,
        "kind short": Q.kind_item,
        "region": Q.region_item,
        "modality": Q.modality_item,
        "yesno": Q.yesno_item,
    }
    return make[kind_of_question](
        picture.kind,
        "",
        rng,
        held,
        kind_of_question != "kind short" and (kind_of_question != "yesno" or rng.random() < 0.5),
    )


def _preset(rng: random.Random) -> str:
    return rng.choice(["medvlthinker", "medvlm-r1"])


def cases_for(
    pictures: list[data.Picture], split: str, per_type: int, seed: int, held: bool, types: list[str]
) -> dict[str, list[dict]]:
    pictures = [p for p in pictures if p.split == split]
    cases: dict[str, list[dict]] = defaultdict(list)
    for name in types:
        rng = random.Random(f"{seed}/{name}/{split}")
        if name == "lesion":
            for p, label in [(p, p.label) for p in pictures if p.label][:per_type]:
                cases[name].append(case_of(p, Q.lesion_item(p.kind, label, "", rng, True), _preset(rng)))
        elif name == "closed":
            pairs = [(p, pair) for p in pictures for pair in p.closed_test]
            for p, pair in pairs[:per_type]:
                cases[name].append(case_of(p, Q.closed_item(p.kind, pair, "", rng, True), _preset(rng)))
        else:
            for p in _balanced(pictures, per_type, rng):
                cases[name].append(case_of(p, _item(name, p, rng, held), _preset(rng)))
    return cases


def given(text: str) -> str | None:
    found = ANSWER.findall(text)
    return found[-1].strip() if found else None


def score(cases: dict[str, list[dict]], generator: Generator) -> dict:
    table: dict = {"types": {}, "groups": {}, "formed": [0, 0], "wrong": [], "longest_think": 0}
    groups: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, rows in cases.items():
        right = 0
        for case, text in zip(rows, generator.answers(rows), strict=True):
            ok = given(text) == case["key"]
            right += ok
            table["formed"][0] += bool(FORMED.fullmatch(text))
            table["formed"][1] += 1
            think = text.split("</think>")[0]
            table["longest_think"] = max(table["longest_think"], len(generator.tok(think)["input_ids"]) - 1)
            if name == "kind":
                groups[case["group"]][0] += ok
                groups[case["group"]][1] += 1
            if not ok:
                shown = {field: case[field] for field in ("question", "options", "key")}
                wrong = {"type": name, "group": case["group"], "image": case["image"].name, **shown, "text": text}
                table["wrong"].append(wrong)
        # The most common answer: its first word for yes/no and lesions ("benign lesion" counts as "benign"), else the
        # letter.
        in_words = name in ("lesion", "closed", "yesno")
        truth = Counter(
            c["options"][c["key"]].lower().split()[0].strip(".;,") if c["options"] and in_words else c["key"]
            for c in rows
        )
        table["types"][name] = (right, len(rows), max(truth.values(), default=0))
    table["groups"] = {k: tuple(v) for k, v in sorted(groups.items())}
    return table


def run(
    pictures, folder: Path, split: str, per_type: int, seed: int, held: bool = True, types: list[str] | None = None
) -> dict:
    threads = torch.get_num_threads()
    table = score(cases_for(pictures, split, per_type, seed, held, types or TYPES), Generator(folder))
    torch.set_num_threads(threads)
    return table


def report(table: dict) -> str:
    lines = [f"{name:12} {right:4}/{count:<4} {right / max(1, count):.3f}   most common answer {top}/{count}"
             for name, (right, count, top) in table["types"].items()]  # fmt: skip
    lines += [f"  kind, {name:24} {right}/{count}" for name, (right, count) in table["groups"].items()]
    lines.append(
        f"well formed {table['formed'][0]}/{table['formed'][1]}, longest reasoning {table['longest_think']} tokens"
    )
    return "\n".join(lines)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", type=Path, default=Path("data"))
    p.add_argument("--checkpoint", type=Path, required=True)
    p.add_argument("--split", default="test")
    p.add_argument("--per-type", type=int, default=300)
    p.add_argument("--types", nargs="*", default=TYPES)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--seen-wordings", action="store_true")
    p.add_argument("--json", type=Path)
    args = p.parse_args()
    table = run(
        data.load(args.data), args.checkpoint, args.split, args.per_type, args.seed, not args.seen_wordings, args.types
    )
    print(report(table))
    if args.json:
        args.json.write_text(json.dumps(table, indent=1, default=str))


if __name__ == "__main__":
    main()
