"""Turns pictures and questions into training batches, in a worker process. A batch depends on its step number only."""

from __future__ import annotations

import random

import numpy as np
import torch
from PIL import Image

import model as M
import prompts
import questions as Q
from augment import augment
from data import Picture
from describe import describe

# How often each source/kind is drawn. VQA-RAD and the rare kinds are drawn far above their share of the files.
SHARES = {
    "mednist/abdomen CT": 10,
    "mednist/breast MRI": 9,
    "mednist/chest X-ray": 9,
    "mednist/chest CT": 10,
    "mednist/hand X-ray": 8,
    "mednist/head CT": 10,
    "vqa-rad/chest X-ray": 8,
    "vqa-rad/abdomen CT": 9,
    "vqa-rad/head MRI": 12,
    "vqa-rad/head CT": 4,
    "isic/dermoscopy": 8,
    "bccd/blood smear": 7,
}
LETTER_WEIGHT = 4.0  # on the letter that the reasoning ends with
ANSWER_WEIGHT = 3.0
CHOSEN_WEIGHT = 6.0  # on the chosen name: going from picture to word is the slowest to learn
NAME_WEIGHT = 2.5  # on the tokens that name a picture or an option


# Once the model reads options well, two of three steps show many pictures with short questions about their kind.
QUICK_FROM = 1400
QUICK_ROWS = 2  # pictures per row of an ordinary step


class Encoder:
    def __init__(self, tok) -> None:
        self.tok = tok
        self.image = tok.token_to_id("<|image_pad|>")

    def ids(self, text: str) -> list[int]:
        return self.tok.encode(text, add_special_tokens=False).ids

    def completion(self, item: Q.Item) -> tuple[list[int], list[float]]:
        """Tokens and their loss weights. Names count more, and the last letter of the reasoning counts even more."""
        text = prompts.completion(item)
        encoded = self.tok.encode(text, add_special_tokens=False)
        weights = []
        for start, end in encoded.offsets:
            before = text[:start]
            if item.options and text[end:].startswith(".</think>"):
                weight = LETTER_WEIGHT
            elif item.options and before.rstrip().endswith(("Kind:", "Region:", "Modality:")):
                weight = CHOSEN_WEIGHT
            elif before.endswith("<answer>"):
                weight = ANSWER_WEIGHT
            else:
                weight = NAME_WEIGHT if before.rstrip().endswith((":", "This is", "This is a", "This is an")) else 1.0
            weights.append(weight)
        return encoded.ids, weights


class Row:
    """One picture (or none) with a prefix and several questions."""

    def __init__(self, prefix: list[int], grid: tuple[int, int] | None, image_token: int) -> None:
        self.ids, self.segments, self.targets, self.weights = [], [], [], []
        positions: list[tuple[int, int, int]] = []
        at = 0
        for token in prefix:
            if token == image_token and grid:
                h, w = grid[0] // 2, grid[1] // 2
                positions += [(at, at + r, at + c) for r in range(h) for c in range(w)]
                self.ids += [token] * (h * w)
                at += max(h, w)
            else:
                positions.append((at, at, at))
                self.ids.append(token)
                at += 1
        self.positions, self.start, self.count = positions, at, 0
        self.segments = [0] * len(self.ids)
        self.targets = [-100] * len(self.ids)
        self.weights = [0.0] * len(self.ids)

    def add(self, part: list[int], completion: list[int], weights: list[float]) -> None:
        self.count += 1
        tokens = part + completion[:-1]
        self.ids += tokens
        self.positions += [(self.start + i,) * 3 for i in range(len(tokens))]
        self.segments += [self.count] * len(tokens)
        self.targets += [-100] * (len(part) - 1) + completion
        self.weights += [0.0] * (len(part) - 1) + weights


def _items(picture: Picture, facts: str, form: str, rng: random.Random) -> list[Q.Item]:
    count = 3 if form == "medvlm-r1" else 4
    items = [Q.kind_item(picture.kind, facts, rng, False, rng.random() < 0.9)]
    while len(items) < count:
        mcq = rng.random() < (0.9 if form == "medvlm-r1" else 0.75)
        roll = rng.random()
        if picture.label and roll < 0.12:
            items.append(Q.lesion_item(picture.kind, picture.label, facts, rng, mcq))
        elif picture.closed and roll < 0.15:
            items.append(Q.closed_item(picture.kind, rng.choice(picture.closed), facts, rng, mcq))
        elif roll < 0.17:
            items.append(Q.colour_item(picture.kind, facts, rng, mcq))
        else:
            make = rng.choices([Q.kind_item, Q.region_item, Q.modality_item, Q.yesno_item], [34, 23, 23, 20])[0]
            items.append(make(picture.kind, facts, rng, False, mcq))
    rng.shuffle(items)
    return items


def _row_of(
    picture: Picture, enc: Encoder, rng: random.Random, forms: dict[str, int], make_items
) -> tuple[Row, np.ndarray, tuple[int, int]]:
    """The augmented picture with the questions from `make_items(facts, form)`."""
    image = Image.open(picture.path).convert("RGB")
    colour = picture.source in ("isic", "bccd")
    rgb = M.resize(augment(image, rng, colour, few=picture.source == "vqa-rad"))
    grid = (rgb.shape[0] // M.PATCH, rgb.shape[1] // M.PATCH)
    form = rng.choices(list(forms), list(forms.values()))[0]
    row = Row(enc.ids(prompts.prefix(form, True)), grid, enc.image)
    for item in make_items(describe(rgb), form):
        row.add(enc.ids(prompts.part(form, item, rng)), *enc.completion(item))
    return row, M.patches(rgb), grid


def picture_row(picture: Picture, enc: Encoder, rng: random.Random) -> tuple[Row, np.ndarray, tuple[int, int]]:
    return _row_of(picture, enc, rng, prompts.FORMS, lambda facts, form: _items(picture, facts, form, rng))


def quick_row(picture: Picture, enc: Encoder, rng: random.Random) -> tuple[Row, np.ndarray, tuple[int, int]]:
    """A picture with one or two short questions about its kind: a third of the tokens of an ordinary row."""

    def items(facts: str, _: str) -> list[Q.Item]:
        asked = [Q.kind_item(picture.kind, facts, rng, False, True)]
        if rng.random() < 0.4:
            asked.append(Q.kind_item(picture.kind, facts, rng, False, False))
        return asked

    return _row_of(picture, enc, rng, {"plain": 60, "medvlthinker": 40}, items)


def drill_row(enc: Encoder, rng: random.Random) -> Row:
    form = rng.choices(list(prompts.FORMS), list(prompts.FORMS.values()))[0]
    row = Row(enc.ids(prompts.prefix(form, False)), None, enc.image)
    for _ in range(3 if form == "medvlm-r1" else 5):
        item = Q.drill_item(rng)
        row.add(enc.ids(prompts.part(form, item, rng)), *enc.completion(item))
    return row


def collate(rows: list[Row], pictures: list[tuple[int, np.ndarray, tuple[int, int]]]) -> dict:
    length = (max(len(r.ids) for r in rows) + 15) // 16 * 16
    n = len(rows)
    ids, seg = torch.zeros(n, length, dtype=torch.long), torch.full((n, length), -1)
    positions = torch.zeros(3, n, length, dtype=torch.long)
    targets, weights = torch.full((n, length), -100), torch.zeros(n, length)
    for i, r in enumerate(rows):
        k = len(r.ids)
        ids[i, :k], seg[i, :k] = torch.tensor(r.ids), torch.tensor(r.segments)
        positions[:, i, :k] = torch.tensor(r.positions).T
        targets[i, :k], weights[i, :k] = torch.tensor(r.targets), torch.tensor(r.weights)
    grids: dict[tuple[int, int], list[tuple[int, np.ndarray]]] = {}
    for at, pixels, grid in pictures:
        grids.setdefault(grid, []).append((at, pixels))
    images = [
        (torch.from_numpy(np.stack([p for _, p in v])), *g, torch.tensor([a for a, _ in v])) for g, v in grids.items()
    ]
    return {
        "ids": ids,
        "segments": seg,
        "positions": positions,
        "targets": targets,
        "weights": weights,
        "images": images,
    }


def attention_mask(segments: torch.Tensor) -> torch.Tensor:
    """A causal mask, float32 [b, 1, l, l]: a token sees the prefix and its own question. Padding sees only itself."""
    a, b = segments[:, :, None], segments[:, None, :]
    length = segments.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    seen = ((a == b) | ((b == 0) & (a >= 0))) & causal
    return torch.zeros(seen.shape).masked_fill_(~seen, float("-inf"))[:, None]


def wanted_rows(targets: torch.Tensor) -> torch.Tensor:
    """Indices [b, n] of the positions with a target; rows with fewer targets are filled with other positions."""
    has = targets >= 0
    return has.int().topk(int(has.sum(1).max()), dim=1, sorted=True).indices


class Batches(torch.utils.data.IterableDataset):
    def __init__(
        self, groups: dict[str, list[Picture]], tok_json: str, seed: str, first: int, last: int, rows: int, drills
    ) -> None:
        self.groups, self.tok_json, self.seed = groups, tok_json, seed
        self.first, self.last, self.rows, self.drills = first, last, rows, drills

    def __iter__(self):
        from tokenizers import Tokenizer

        torch.set_num_threads(1)
        enc = Encoder(Tokenizer.from_str(self.tok_json))
        for step in range(self.first, self.last):
            yield self.batch(step, enc)

    def quick_batch(self, rng: random.Random, enc: Encoder) -> dict:
        names = [n for n in SHARES if self.groups.get(n)]
        drawn = rng.choices(names, [SHARES[n] for n in names], k=QUICK_ROWS * self.rows)
        made = [quick_row(rng.choice(self.groups[name]), enc, rng) for name in drawn]
        return collate([row for row, *_ in made], [(i, pixels, grid) for i, (_, pixels, grid) in enumerate(made)])

    def batch(self, step: int, enc: Encoder) -> dict:
        rng = random.Random(f"{self.seed}/{step}")
        if step >= QUICK_FROM and step % 3:
            return self.quick_batch(rng, enc)
        drill_count = round(self.rows * self.drills(step) + rng.random() - 0.5)
        names = [n for n in SHARES if self.groups.get(n)]
        rows: list[Row] = []
        pictures = []
        for name in rng.choices(names, [SHARES[n] for n in names], k=self.rows - drill_count):
            row, pixels, grid = picture_row(rng.choice(self.groups[name]), enc, rng)
            pictures.append((len(rows), pixels, grid))
            rows.append(row)
        rows += [drill_row(enc, rng) for _ in range(drill_count)]
        return collate(rows, pictures)
