"""Answer options for a question: wrong choices, wordings, order and letters."""

from __future__ import annotations

import random
from collections.abc import Callable

import phrases as P

LETTERS = "ABCDEF"
# The options, the plain name of each option, and the letter of the right one.
Choice = tuple[dict[str, str], dict[str, str], str]


def article(text: str) -> str:
    first = text.split()[0]
    if first in ("a", "an", "the"):
        return ""
    sounds = (
        first[0].lower() in "aeio"
        or first[:2] in ("X-", "x-", "MR", "EC", "x", "xr")
        or first in ("x", "X", "MRI", "MR", "xray")
    )
    return "an" if sounds else "a"


def with_article(text: str) -> str:
    return f"{article(text)} {text}".strip()


def fill(template: str, x: str) -> str:
    a = article(x)
    text = (
        template.replace("{a} ", a + " " if a else "")
        .replace("{A} ", a.capitalize() + " " if a else "")
        .replace("{x}", x)
    )
    return text[0].upper() + text[1:]


def kind_phrase(kind: str, rng: random.Random, held: bool) -> str:
    entry = P.KINDS[kind]
    if held:
        return rng.choice(entry["test"])
    return rng.choice(entry["plain"] if rng.random() < 0.5 else entry["train"])


def _excluded(kind: str, other: str) -> bool:
    """True if `other` could also describe a picture of `kind` and so cannot be a wrong option."""
    region, modality = P.parts(kind)
    other_region, other_modality = P.parts(other)
    if region == other_region and modality == other_modality:
        return True
    near = P.OVERLAP.get(region, set())
    return modality == other_modality and (other_region in near or region in P.OVERLAP.get(other_region, set()))


def wrong_kinds(kind: str, count: int, rng: random.Random) -> list[str]:
    region, modality = P.parts(kind)
    everything = list(P.KINDS)
    close = [k for k in everything if (P.parts(k)[0] == region) != (P.parts(k)[1] == modality)]
    chosen: list[str] = []
    while len(chosen) < count:
        roll = rng.random()
        pool = (
            P.REAL_KINDS
            if roll < 0.6
            else close
            if roll < 0.8 and close
            else list(P.OTHER_KINDS)
            if roll < 0.88
            else everything
        )
        other = rng.choice(pool)
        if other not in chosen and other != kind and not _excluded(kind, other):
            chosen.append(other)
    return chosen


def wrong_regions(region: str, count: int, rng: random.Random) -> list[str]:
    real = ["chest", "abdomen", "head", "breast", "hand", "skin", "blood"]
    near = P.OVERLAP.get(region, set()) | {region}
    pool = [r for r in real * 2 + P.DISTRACTOR_REGIONS if r not in near and region not in P.OVERLAP.get(r, set())]
    rng.shuffle(pool)
    return list(dict.fromkeys(pool))[:count]


def wrong_modalities(modality: str, count: int, rng: random.Random) -> list[str]:
    pool = ["X-ray", "CT", "MRI"] * 3 + ["dermoscopy", "microscopy"] * 2 + list(P.TECHNIQUES)
    if modality == "X-ray":  # a mammogram is an X-ray
        pool = [m for m in pool if m != "mammography"]
    pool = [m for m in pool if m != modality]
    rng.shuffle(pool)
    return list(dict.fromkeys(pool))[:count]


def _dress(texts: list[str], rng: random.Random, held: bool, sentences: bool) -> list[str]:
    """Gives all options of a question one letter case, one ending and, sometimes, one sentence form."""
    if sentences and rng.random() < 0.1:
        forms = P.TEST_SENTENCES if held else P.SENTENCES
        one = rng.choice(forms)
        texts = [fill(one if rng.random() < 0.8 else rng.choice(forms), t) for t in texts]
    roll = rng.random()
    if roll < 0.62:
        texts = [t[0].upper() + t[1:] for t in texts]
    elif roll < 0.8:
        texts = [
            t[0].lower() + t[1:] if t[:2].islower() or (not t[:2].isupper() and t[:2] != "X-") else t for t in texts
        ]
    elif roll < 0.86:
        texts = [" ".join(w[0].upper() + w[1:] for w in t.split()) for t in texts]
    elif roll < 0.88:
        texts = [t.upper() for t in texts]
    ending = rng.choice([".", ".", ";", ","]) if rng.random() < 0.08 else ""
    return [t + ending for t in texts]


def choose(
    texts: list[str], names: list[str], rng: random.Random, held: bool, sentences: bool = False
) -> Choice | None:
    """Words and shuffles the options, of which the first is right. None if two options read the same."""
    if len({t.lower() for t in texts}) < len(texts):
        return None
    texts = _dress(texts, rng, held, sentences)
    order = list(range(len(texts)))
    rng.shuffle(order)
    options = {LETTERS[i]: texts[j] for i, j in enumerate(order)}
    return options, {LETTERS[i]: names[j] for i, j in enumerate(order)}, LETTERS[order.index(0)]


def plain_name(thing: str, known: list[str]) -> str:
    return thing if thing in known else "other"


def count_of(rng: random.Random, held: bool) -> int:
    return 4 if held else rng.choices([2, 3, 4, 5, 6], [8, 10, 64, 12, 6])[0]


def read_options(options: dict[str, str], names: dict[str, str]) -> str:
    """For example "A Thoracic radiograph: chest X-ray A, B CAT scan of the brain: head CT B."

    Each option is copied, then named plainly, followed by its letter. The last step, from the name of what is seen to
    its letter, then only repeats a pair that was just written.
    """
    return (
        ", ".join(f"{letter} {text.rstrip('.;,')}: {names[letter]} {letter}" for letter, text in options.items()) + "."
    )


def region_word(region: str, rng: random.Random) -> str:
    word = rng.choice(P.REGION_WORDS.get(region, [region]))
    return f"the {word}" if rng.random() < 0.15 and not word.startswith("a ") else word


def modality_choice(modality: str, n: int, rng: random.Random, held: bool) -> Choice | None:
    things = [modality, *wrong_modalities(modality, n - 1, rng)]
    return choose(
        [rng.choice(P.TECHNIQUES[m]) for m in things], [plain_name(m, P.REAL_MODALITIES) for m in things], rng, held
    )


def region_choice(region: str, n: int, rng: random.Random, held: bool) -> Choice | None:
    things = [region, *wrong_regions(region, n - 1, rng)]
    return choose([region_word(r, rng) for r in things], [plain_name(r, P.REAL_REGIONS) for r in things], rng, held)


def _with_filler(text: str, rng: random.Random) -> str:
    words = text.split()
    words.insert(rng.randint(0, len(words)), rng.choice(P.FILLERS))
    return " ".join(words)


def _nonsense(rng: random.Random) -> str:
    word = "".join(rng.choice("abcdefghiklmnoprstuvwxyz") for _ in range(rng.randint(2, 5)))
    return " ".join(rng.sample(P.FILLERS, rng.randint(1, 4)) + [word] * (rng.random() < 0.2))


def kind_choice(kind: str, n: int, rng: random.Random, held: bool) -> Choice | None:
    things = [kind, *wrong_kinds(kind, n - 1, rng)]
    texts = [kind_phrase(k, rng, held) for k in things]
    if not held:
        texts = [_with_filler(t, rng) if rng.random() < 0.1 else t for t in texts]
    if not held and rng.random() < 0.3:
        things[-1], texts[-1] = "nonsense", _nonsense(rng)
    return choose(texts, [plain_name(k, P.REAL_KINDS) for k in things], rng, held, True)


def until(make: Callable[..., Choice | None], *args: object) -> Choice:
    """Calls `make` until it gives a choice."""
    while True:
        made = make(*args)
        if made:
            return made
