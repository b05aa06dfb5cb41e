"""Downloads the image sets from their public sources into the folder layout that data.py reads.

python download.py DIR      (train.py calls it when its --data folder does not exist)
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import tarfile
import tempfile
import urllib.request
import xml.etree.ElementTree as ET
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

MEDNIST = "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/MedNIST.tar.gz"
BCCD = "https://github.com/Shenggan/BCCD_Dataset/archive/refs/heads/master.zip"
ISIC = "https://api.isic-archive.com/api/v2/images/ISIC_{:07d}/"  # UDA-1 is ISIC_0000000 to ISIC_0000556
VQA_RAD = "https://api.osf.io/v2/nodes/89kps/files/osfstorage/"
MEDNIST_PER_CLASS = 3000


def _get(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": "rounds-train/1"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read()


def _shrink(content: bytes, to: Path, longest: int) -> None:
    image = Image.open(io.BytesIO(content)).convert("RGB")
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    image.save(to, quality=92)


def mednist(root: Path) -> None:
    with tempfile.TemporaryFile() as f:
        f.write(_get(MEDNIST))
        f.seek(0)
        with tarfile.open(fileobj=f) as archive:
            taken: Counter[str] = Counter()
            for member in sorted((m for m in archive.getmembers() if m.name.endswith(".jpeg")), key=lambda m: m.name):
                folder, name = Path(member.name).parts[-2:]
                if taken[folder] < MEDNIST_PER_CLASS:
                    taken[folder] += 1
                    (root / folder).mkdir(parents=True, exist_ok=True)
                    content = archive.extractfile(member)
                    if content is None:
                        raise ValueError(f"{member.name} is not a file")
                    (root / folder / name).write_bytes(content.read())


def _isic_one(number: int, root: Path) -> dict | None:
    row = json.loads(_get(ISIC.format(number)))
    clinical = row["metadata"]["clinical"]
    label = clinical.get("benign_malignant") or str(clinical.get("diagnosis_1", "")).lower() or None
    name = row["isic_id"] + ".jpg"
    _shrink(_get(row["files"]["full"]["url"]), root / name, 336)
    return {
        "image": name,
        "benign_malignant": label,
        "diagnosis": clinical.get("diagnosis"),
        "sex": clinical.get("sex"),
        "age_approx": clinical.get("age_approx"),
        "anatom_site": clinical.get("anatom_site_general"),
    }


def isic(root: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda n: _isic_one(n, root), range(557)))
    (root / "labels.json").write_text(json.dumps(rows, indent=0))


def bccd(root: Path) -> None:
    archive = zipfile.ZipFile(io.BytesIO(_get(BCCD)))
    rows = []
    for name in sorted(n for n in archive.namelist() if "/JPEGImages/" in n and n.endswith(".jpg")):
        stem = Path(name).stem
        _shrink(archive.read(name), root / f"{stem}.jpg", 336)
        tree = ET.fromstring(archive.read(name.replace("JPEGImages", "Annotations").replace(".jpg", ".xml")))
        rows.append({"image": f"{stem}.jpg", "counts": Counter(o.findtext("name") for o in tree.iter("object"))})
    (root / "counts.json").write_text(json.dumps(rows, indent=0))


def _osf_files(url: str | None):
    while url:
        page = json.loads(_get(url))
        for entry in page["data"]:
            if entry["attributes"]["kind"] == "folder":
                yield from _osf_files(entry["relationships"]["files"]["links"]["related"]["href"])
            else:
                yield entry["attributes"]["name"], entry["links"]["download"]
        url = page["links"].get("next")


def _store_rad_image(name: str, content: bytes, root: Path) -> None:
    if name.lower().endswith((".jpg", ".jpeg")):
        (root / "images").mkdir(exist_ok=True)
        _shrink(content, root / "images" / name, 448)


def vqa_rad(root: Path) -> None:
    rows = []
    for name, url in _osf_files(VQA_RAD):
        if name.lower().endswith(".zip"):
            archive = zipfile.ZipFile(io.BytesIO(_get(url)))
            for inner in archive.namelist():
                _store_rad_image(Path(inner).name, archive.read(inner), root)
        elif name.lower().endswith(".json"):
            rows = json.loads(_get(url))
        else:
            _store_rad_image(name, _get(url) if name.lower().endswith((".jpg", ".jpeg")) else b"", root)
    for split, wanted in (("train", False), ("test", True)):
        # The phrase type names the official split.
        part = [r for r in rows if str(r["phrase_type"]).startswith("test") == wanted]
        (root / f"{split}.json").write_text(json.dumps(part, indent=0))


def fetch(root: Path) -> None:
    for name, make in (("mednist", mednist), ("isic-uda1", isic), ("bccd", bccd), ("vqa-rad", vqa_rad)):
        if (root / name).exists():
            continue
        part = root / f"{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        print(f"fetching {name}", file=sys.stderr, flush=True)
        make(part)
        part.rename(root / name)  # a set is either complete or absent


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
