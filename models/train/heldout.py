"""Writes a folder of held-out pictures and a case file for `npm run infer`.

python heldout.py --data DIR --out DIR [--per-group 12]

The pictures are from the test split and the wordings were kept out of training, so `infer` with a pack of the
checkpoint measures through the browser what evaluate.py measures.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from pathlib import Path

import data
import evaluate
import questions as Q


def cases(pictures: list[data.Picture], per_group: int, seed: int) -> list[tuple[data.Picture, dict]]:
    rng = random.Random(f"heldout/{seed}")
    made = []
    for _, group in sorted(data.groups([p for p in pictures if p.split == "test"]).items()):
        for picture in rng.sample(group, min(per_group, len(group))):
            item = Q.kind_item(picture.kind, "", rng, True)
            case = {
                "preset": rng.choice(["medvlthinker", "medvlm-r1"]),
                "question": item.question,
                "options": item.options,
                "images": [f"{picture.source}-{picture.kind.replace(' ', '_')}-{picture.path.name}"],
                "key": item.key,
                "maxNewTokens": 100,
                "temperature": 0,
            }
            made.append((picture, case))
    return made


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", type=Path, default=Path("data"))
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--per-group", type=int, default=12)
    p.add_argument("--checkpoint", type=Path, help="also write what transformers answers to each case")
    args = p.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    made = cases(data.load(args.data), args.per_group, 0)
    for picture, case in made:
        shutil.copyfile(picture.path, args.out / case["images"][0])
    (args.out / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for _, case in made))
    print(f"{len(made)} cases")
    if args.checkpoint:
        items = [Q.Item("kind", c["question"], c["options"], "", c["key"], c["key"]) for _, c in made]
        rows = [evaluate.case_of(picture, item, c["preset"]) for (picture, c), item in zip(made, items, strict=True)]
        texts = evaluate.Generator(args.checkpoint).answers(rows)
        with (args.out / "reference.jsonl").open("w") as f:
            for (_, c), text in zip(made, texts, strict=True):
                f.write(json.dumps({"image": c["images"][0], "key": c["key"], "text": text}) + "\n")
        right = sum(row["key"] == evaluate.given(text) for row, text in zip(rows, texts, strict=True))
        print(f"{right} right")


if __name__ == "__main__":
    main()
