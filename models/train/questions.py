"""Questions about one picture, with the reasoning and the answer that the model is taught.

The reasoning goes: what the pixels show (measured), what the picture is, where there are options each of them with its
plain name and letter, and then the name of what is asked for, with its letter. See `read_options` for why.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import phrases as P

LETTERS = "ABCDEF"


@dataclass
class Item:
    type: str  # kind, region, modality, yesno, lesion, closed
    question: str
    options: dict[str, str] | None
    think: str
    answer: str
    key: str  # the letter, or the short answer


def article(text: str) -> str:
    first = text.split()[0]
    if first in ("a", "an", "the"):
        return ""
    sounds = first[0].lower() in "aeio" or first[:2] in ("X-", "x-", "MR", "EC", "x", "xr") or first in ("x", "X", "MRI", "MR", "xray")
    return "an" if sounds else "a"


def with_article(text: str) -> str:
    return f"{article(text)} {text}".strip()


def _fill(template: str, x: str) -> str:
    a = article(x)
    text = template.replace("{a} ", a + " " if a else "").replace("{A} ", a.capitalize() + " " if a else "").replace("{x}", x)
    return text[0].upper() + text[1:]


def kind_phrase(kind: str, rng: random.Random, held: bool) -> str:
    entry = P.KINDS[kind]
    if held:
        return rng.choice(entry["test"])
    return rng.choice(entry["plain"] if rng.random() < 0.5 else entry["train"])


def _excluded(kind: str, other: str) -> bool:
    """Whether `other` may be a fair name for a picture of `kind` too, and so cannot be a wrong option."""
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
        pool = P.REAL_KINDS if roll < 0.6 else close if roll < 0.8 and close else list(P.OTHER_KINDS) if roll < 0.88 else everything
        other = rng.choice(pool)
        if other not in chosen and other != kind and not _excluded(kind, other):
            chosen.append(other)
    return chosen


def _wrong_regions(region: str, count: int, rng: random.Random) -> list[str]:
    real = ["chest", "abdomen", "head", "breast", "hand", "skin", "blood"]
    near = P.OVERLAP.get(region, set()) | {region}
    pool = [r for r in real * 2 + P.DISTRACTOR_REGIONS if r not in near and region not in P.OVERLAP.get(r, set())]
    rng.shuffle(pool)
    return list(dict.fromkeys(pool))[:count]


def _wrong_modalities(modality: str, count: int, rng: random.Random) -> list[str]:
    pool = ["X-ray", "CT", "MRI"] * 3 + ["dermoscopy", "microscopy"] * 2 + [m for m in P.TECHNIQUES]
    if modality == "X-ray":  # a mammogram is an X-ray
        pool = [m for m in pool if m != "mammography"]
    pool = [m for m in pool if m != modality]
    rng.shuffle(pool)
    return list(dict.fromkeys(pool))[:count]


def _dress(texts: list[str], rng: random.Random, held: bool, sentences: bool) -> list[str]:
    """One letter case, one ending and perhaps one sentence form for all options of a question."""
    if sentences and rng.random() < 0.1:
        forms = P.TEST_SENTENCES if held else P.SENTENCES
        one = rng.choice(forms)
        texts = [_fill(one if rng.random() < 0.8 else rng.choice(forms), t) for t in texts]
    roll = rng.random()
    if roll < 0.62:
        texts = [t[0].upper() + t[1:] for t in texts]
    elif roll < 0.8:
        texts = [t[0].lower() + t[1:] if t[:2].islower() or not t[:2].isupper() and t[:2] != "X-" else t for t in texts]
    elif roll < 0.86:
        texts = [" ".join(w[0].upper() + w[1:] for w in t.split()) for t in texts]
    elif roll < 0.88:
        texts = [t.upper() for t in texts]
    ending = rng.choice([".", ".", ";", ","]) if rng.random() < 0.08 else ""
    return [t + ending for t in texts]


def _choose(texts: list[str], names: list[str], rng: random.Random, held: bool, sentences: bool = False):
    """Shuffles (the first is right) into (options, name of each option, letter of the right one); None if two look alike."""
    if len({t.lower() for t in texts}) < len(texts):
        return None
    texts = _dress(texts, rng, held, sentences)
    order = list(range(len(texts)))
    rng.shuffle(order)
    options = {LETTERS[i]: texts[j] for i, j in enumerate(order)}
    return options, {LETTERS[i]: names[j] for i, j in enumerate(order)}, LETTERS[order.index(0)]


def _name(thing: str, known: list[str]) -> str:
    return thing if thing in known else "other"


def _count(rng: random.Random, held: bool) -> int:
    return 4 if held else rng.choices([2, 3, 4, 5, 6], [8, 10, 64, 12, 6])[0]


def read_options(options: dict[str, str], names: dict[str, str]) -> str:
    """ "A Thoracic radiograph: chest X-ray A, B CAT scan of the brain: head CT B."

    Each option is copied, then named plainly, and the letter stands behind the name: so the last step, from the name of
    what is seen to its letter, only repeats a pair that was just written.
    """
    return ", ".join(f"{letter} {text.rstrip('.;,')}: {names[letter]} {letter}" for letter, text in options.items()) + "."


def _finish(type_: str, question: str, chosen, facts: str, kind: str, label: str, short: str, asked: str = "") -> Item:
    # Where the picture itself is asked for, it is named after the options: whoever knows what there is to choose from guesses better.
    named = "" if chosen and not asked else f"This is {with_article(kind)}."
    think = " ".join(part for part in (facts, named, asked) if part)
    if chosen:
        options, names, key = chosen
        think = f"{think} {read_options(options, names)} {label}: {names[key]} {key}.".strip()
        return Item(type_, question, options, think, key, key)
    return Item(type_, question, None, f"{think} {label}: {short}.", short, short)


def _modality_choice(modality: str, n: int, rng: random.Random, held: bool):
    things = [modality, *_wrong_modalities(modality, n - 1, rng)]
    return _choose([rng.choice(P.TECHNIQUES[m]) for m in things], [_name(m, P.REAL_MODALITIES) for m in things], rng, held)


def _region_choice(region: str, n: int, rng: random.Random, held: bool):
    things = [region, *_wrong_regions(region, n - 1, rng)]
    return _choose([_region_word(r, rng) for r in things], [_name(r, P.REAL_REGIONS) for r in things], rng, held)


def _with_filler(text: str, rng: random.Random) -> str:
    words = text.split()
    words.insert(rng.randint(0, len(words)), rng.choice(P.FILLERS))
    return " ".join(words)


def _nonsense(rng: random.Random) -> str:
    word = "".join(rng.choice("abcdefghiklmnoprstuvwxyz") for _ in range(rng.randint(2, 5)))
    return " ".join(rng.sample(P.FILLERS, rng.randint(1, 4)) + [word] * (rng.random() < 0.2))


def _kind_choice(kind: str, n: int, rng: random.Random, held: bool):
    things = [kind, *wrong_kinds(kind, n - 1, rng)]
    texts = [kind_phrase(k, rng, held) for k in things]
    if not held:
        texts = [_with_filler(t, rng) if rng.random() < 0.1 else t for t in texts]
    if not held and rng.random() < 0.3:
        things[-1], texts[-1] = "nonsense", _nonsense(rng)
    return _choose(texts, [_name(k, P.REAL_KINDS) for k in things], rng, held, True)


def _until(make, *args):
    while True:
        made = make(*args)
        if made:
            return made


def kind_item(kind: str, facts: str, rng: random.Random, held: bool, mcq: bool = True) -> Item:
    question = rng.choice(P.TEST_ASK_KIND if held else P.ASK_KIND)
    if not mcq:
        return _finish("kind", question, None, facts, kind, "Kind", kind)
    roll, n = 1.0 if held else rng.random(), _count(rng, held)
    region, modality = P.parts(kind)
    if roll < 0.08:  # the options name only the technique
        return _finish("kind", question, _until(_modality_choice, modality, n, rng, held), facts, kind, "Modality", modality)
    if roll < 0.16:  # the options name only the region
        return _finish("kind", question, _until(_region_choice, region, n, rng, held), facts, kind, "Region", region)
    return _finish("kind", question, _until(_kind_choice, kind, n, rng, held), facts, kind, "Kind", kind)


def _region_word(region: str, rng: random.Random) -> str:
    word = rng.choice(P.REGION_WORDS.get(region, [region]))
    return f"the {word}" if rng.random() < 0.15 and not word.startswith("a ") else word


def region_item(kind: str, facts: str, rng: random.Random, held: bool, mcq: bool) -> Item:
    region = P.parts(kind)[0]
    question = rng.choice(P.TEST_ASK_REGION if held else P.ASK_REGION)
    chosen = _until(_region_choice, region, _count(rng, held), rng, held) if mcq else None
    return _finish("region", question, chosen, facts, kind, "Region", region)


def modality_item(kind: str, facts: str, rng: random.Random, held: bool, mcq: bool) -> Item:
    modality = P.parts(kind)[1]
    question = rng.choice(P.TEST_ASK_MODALITY if held else P.ASK_MODALITY)
    chosen = _until(_modality_choice, modality, _count(rng, held), rng, held) if mcq else None
    return _finish("modality", question, chosen, facts, kind, "Modality", modality)


def _claim(kind: str, true: bool, rng: random.Random, held: bool) -> tuple[str, str]:
    """(question, plain name of what it asks for)."""
    region, modality = P.parts(kind)
    roll = rng.random()
    if roll < 0.5:
        other = kind if true else wrong_kinds(kind, 1, rng)[0]
        template = rng.choice(P.TEST_ASK_IF_KIND if held else P.ASK_IF_KIND)
        return _fill(template, kind_phrase(other, rng, held)), other
    if roll < 0.75:
        other = region if true else _wrong_regions(region, 1, rng)[0]
        template = rng.choice(P.TEST_ASK_IF_REGION if held else P.ASK_IF_REGION)
        word = rng.choice(P.REGION_WORDS.get(other, [other])).removeprefix("a ")
        return template.replace("{x}", word), other
    other = modality if true else _wrong_modalities(modality, 1, rng)[0]
    template = rng.choice(P.TEST_ASK_IF_MODALITY if held else P.ASK_IF_MODALITY)
    return template.replace("{x}", rng.choice(P.TECHNIQUES[other])), other


def _yes_no(type_: str, question: str, truth: str, facts: str, kind: str, label: str, rng: random.Random, mcq: bool, asked: str = "") -> Item:
    words = [truth, "no" if truth == "yes" else "yes"]
    chosen = _choose(words, words, rng, False) if mcq else None
    return _finish(type_, question, chosen, facts, kind, label, truth, asked)


def yesno_item(kind: str, facts: str, rng: random.Random, held: bool, mcq: bool) -> Item:
    true = rng.random() < 0.5
    question, name = _claim(kind, true, rng, held)
    asked = _name(name, P.REAL_KINDS + P.REAL_REGIONS + P.REAL_MODALITIES)
    return _yes_no("yesno", question, "yes" if true else "no", facts, kind, "So", rng, mcq, f"Asked: {asked}.")


def colour_item(kind: str, facts: str, rng: random.Random, mcq: bool) -> Item:
    truth = "no" if facts.startswith("Grey") else "yes"
    return _yes_no("yesno", rng.choice(P.ASK_COLOUR), truth, facts, kind, "So", rng, mcq, "Asked: colour.")


def lesion_item(kind: str, label: str, facts: str, rng: random.Random, mcq: bool) -> Item:
    style = rng.randrange(4)
    names = [label, "malignant" if label == "benign" else "benign"]
    chosen = _choose([P.LESION_WORDS[n][style] for n in names], names, rng, False) if mcq else None
    return _finish("lesion", rng.choice(P.ASK_LESION), chosen, facts, kind, "Lesion", label)


def closed_item(kind: str, pair: tuple[str, str], facts: str, rng: random.Random, mcq: bool) -> Item:
    question, truth = pair
    return _yes_no("closed", question, truth, facts, kind, "Finding", rng, mcq)


def drill_item(rng: random.Random) -> Item:
    """No picture: the kind is told in words, in any of its names. Teaches names, options and letters cheaply."""
    kind = rng.choice(P.REAL_KINDS)
    make = rng.choices([kind_item, region_item, modality_item, yesno_item], [50, 17, 17, 16])[0]
    item = make(kind, "", rng, False, rng.random() < 0.85)
    told = _fill(rng.choice(["The picture is {a} {x}.", "Given: {a} {x}.", "The image shows {a} {x}.", "Description: {x}."]),
                 kind_phrase(kind, rng, False))  # fmt: skip
    item.question = f"{told} {item.question}"
    return item
