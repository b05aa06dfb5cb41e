"""The images: their sources, what each one shows, and which split it belongs to.

The split is a hash of the file name and is decided before any question is made, so no question about a held-out image
can reach training. `load` expects the folder layout that `download.py` creates.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

MEDNIST_KINDS = {
    "AbdomenCT": "abdomen CT",
    "BreastMRI": "breast MRI",
    "CXR": "chest X-ray",
    "ChestCT": "chest CT",
    "Hand": "hand X-ray",
    "HeadCT": "head CT",
}
ORGAN_KINDS = {"CHEST": "chest X-ray", "ABD": "abdomen CT", "HEAD": "head MRI"}
# VQA-RAD gives the organ but not always the modality. Its chest pictures are X-rays and its abdomen pictures CTs;
# heads are MRI except for these, identified by eye (bone is white in CT).
HEAD_CT = {
    "16520", "23631", "34922", "39757", "42951", "45914", "46062",
    "46943", "48714", "53867", "54795", "57520", "58261",
}  # fmt: skip

TEST_PERCENT = 20
VAL_PERCENT = 3


@dataclass
class Picture:
    path: Path
    source: str
    kind: str
    split: str
    label: str | None = None  # dermoscopy: "benign" or "malignant"
    closed: list[tuple[str, str]] = field(default_factory=list)  # VQA-RAD yes/no rows that training may use
    closed_test: list[tuple[str, str]] = field(default_factory=list)  # yes/no rows of the official test file


def split_of(name: str) -> str:
    bucket = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 100
    if bucket < TEST_PERCENT:
        return "test"
    return "val" if bucket < TEST_PERCENT + VAL_PERCENT else "train"


def _mednist(root: Path) -> list[Picture]:
    found = []
    for folder, kind in MEDNIST_KINDS.items():
        for path in sorted((root / "mednist" / folder).glob("*.jpeg")):
            # MedNIST numbers its files per folder, so the folder is part of the name.
            found.append(Picture(path, "mednist", kind, split_of(f"{folder}/{path.name}")))
    return found


def _isic(root: Path) -> list[Picture]:
    rows = json.loads((root / "isic-uda1" / "labels.json").read_text())
    found = []
    for row in rows:
        path = root / "isic-uda1" / row["image"]
        label = row["benign_malignant"] if row["benign_malignant"] in ("benign", "malignant") else None
        found.append(Picture(path, "isic", "dermoscopy", split_of(path.name), label=label))
    return found


def _bccd(root: Path) -> list[Picture]:
    paths = sorted((root / "bccd").glob("*.jpg"))
    return [Picture(path, "bccd", "blood smear", split_of(path.name)) for path in paths]


def _yes_no(row: dict) -> tuple[str, str] | None:
    answer = str(row["answer"]).strip().lower()
    if row["answer_type"].strip() != "CLOSED" or answer not in ("yes", "no"):
        return None
    return " ".join(str(row["question"]).split()), answer


def _vqa_rad(root: Path) -> list[Picture]:
    base = root / "vqa-rad"
    pictures: dict[str, Picture] = {}
    for part in ("train", "test"):
        for row in json.loads((base / f"{part}.json").read_text()):
            name = row["image_name"]
            if name not in pictures:
                kind = ORGAN_KINDS[row["image_organ"]]
                if kind == "head MRI" and Path(name).stem.removeprefix("synpic") in HEAD_CT:
                    kind = "head CT"
                pictures[name] = Picture(base / "images" / name, "vqa-rad", kind, split_of(name))
            pair = _yes_no(row)
            if pair:
                (pictures[name].closed if part == "train" else pictures[name].closed_test).append(pair)
    return [pictures[name] for name in sorted(pictures)]


def load(root: Path) -> list[Picture]:
    found = _mednist(root) + _isic(root) + _bccd(root) + _vqa_rad(root)
    missing = [p.path for p in found if not p.path.is_file()]
    if missing:
        raise FileNotFoundError(f"{len(missing)} images are missing, the first is {missing[0]}")
    return found


def groups(pictures: list[Picture]) -> dict[str, list[Picture]]:
    """Pictures by source and kind: the groups that training draws from in fixed shares."""
    out: dict[str, list[Picture]] = {}
    for p in pictures:
        out.setdefault(f"{p.source}/{p.kind}", []).append(p)
    return out
