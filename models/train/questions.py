"""Questions about one picture, with the reasoning and the answer that the model learns.

The reasoning states, in this order: what the pixels show (measured), what the picture is, each option (if there are
any) with its plain name and letter, and finally the name that is asked for with its letter. `options.read_options`
says why.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import phrases as P
import wordings as W
from options import (
    Choice,
    choose,
    count_of,
    fill,
    kind_choice,
    kind_phrase,
    modality_choice,
    plain_name,
    read_options,
    region_choice,
    until,
    with_article,
    wrong_kinds,
    wrong_modalities,
    wrong_regions,
)


@dataclass
class Item:
    type: str  # kind, region, modality, yesno, lesion, closed
    question: str
    options: dict[str, str] | None
    think: str
    answer: str
    key: str  # the letter, or the short answer


def _finish(
    type_: str, question: str, chosen: Choice | None, facts: str, kind: str, label: str, short: str, asked: str = ""
) -> Item:
    # A question about the kind names the picture after the options: the model guesses better once it has read them.
    named = "" if chosen and not asked else f"This is {with_article(kind)}."
    think = " ".join(part for part in (facts, named, asked) if part)
    if chosen:
        options, names, key = chosen
        think = f"{think} {read_options(options, names)} {label}: {names[key]} {key}.".strip()
        return Item(type_, question, options, think, key, key)
    return Item(type_, question, None, f"{think} {label}: {short}.", short, short)


def kind_item(kind: str, facts: str, rng: random.Random, held: bool, mcq: bool = True) -> Item:
    question = rng.choice(W.TEST_ASK_KIND if held else W.ASK_KIND)
    if not mcq:
        return _finish("kind", question, None, facts, kind, "Kind", kind)
    roll, n = 1.0 if held else rng.random(), count_of(rng, held)
    region, modality = P.parts(kind)
    if roll < 0.08:  # the options name only the technique
        return _finish(
            "kind", question, until(modality_choice, modality, n, rng, held), facts, kind, "Modality", modality
        )
    if roll < 0.16:  # the options name only the region
        return _finish("kind", question, until(region_choice, region, n, rng, held), facts, kind, "Region", region)
    return _finish("kind", question, until(kind_choice, kind, n, rng, held), facts, kind, "Kind", kind)


def region_item(kind: str, facts: str, rng: random.Random, held: bool, mcq: bool) -> Item:
    region = P.parts(kind)[0]
    question = rng.choice(W.TEST_ASK_REGION if held else W.ASK_REGION)
    chosen = until(region_choice, region, count_of(rng, held), rng, held) if mcq else None
    return _finish("region", question, chosen, facts, kind, "Region", region)


def modality_item(kind: str, facts: str, rng: random.Random, held: bool, mcq: bool) -> Item:
    modality = P.parts(kind)[1]
    question = rng.choice(W.TEST_ASK_MODALITY if held else W.ASK_MODALITY)
    chosen = until(modality_choice, modality, count_of(rng, held), rng, held) if mcq else None
    return _finish("modality", question, chosen, facts, kind, "Modality", modality)


def _claim(kind: str, true: bool, rng: random.Random, held: bool) -> tuple[str, str]:
    """Returns (question, plain name of what it asks about)."""
    region, modality = P.parts(kind)
    roll = rng.random()
    if roll < 0.5:
        other = kind if true else wrong_kinds(kind, 1, rng)[0]
        template = rng.choice(W.TEST_ASK_IF_KIND if held else W.ASK_IF_KIND)
        return fill(template, kind_phrase(other, rng, held)), other
    if roll < 0.75:
        other = region if true else wrong_regions(region, 1, rng)[0]
        template = rng.choice(W.TEST_ASK_IF_REGION if held else W.ASK_IF_REGION)
        word = rng.choice(P.REGION_WORDS.get(other, [other])).removeprefix("a ")
        return template.replace("{x}", word), other
    other = modality if true else wrong_modalities(modality, 1, rng)[0]
    template = rng.choice(W.TEST_ASK_IF_MODALITY if held else W.ASK_IF_MODALITY)
    return template.replace("{x}", rng.choice(P.TECHNIQUES[other])), other


def _yes_no(
    type_: str,
    question: str,
    truth: str,
    facts: str,
    kind: str,
    label: str,
    rng: random.Random,
    mcq: bool,
    asked: str = "",
) -> Item:
    words = [truth, "no" if truth == "yes" else "yes"]
    chosen = choose(words, words, rng, False) if mcq else None
    return _finish(type_, question, chosen, facts, kind, label, truth, asked)


def yesno_item(kind: str, facts: str, rng: random.Random, held: bool, mcq: bool) -> Item:
    true = rng.random() < 0.5
    question, name = _claim(kind, true, rng, held)
    asked = plain_name(name, P.REAL_KINDS + P.REAL_REGIONS + P.REAL_MODALITIES)
    return _yes_no("yesno", question, "yes" if true else "no", facts, kind, "So", rng, mcq, f"Asked: {asked}.")


def colour_item(kind: str, facts: str, rng: random.Random, mcq: bool) -> Item:
    truth = "no" if facts.startswith("Grey") else "yes"
    return _yes_no("yesno", rng.choice(W.ASK_COLOUR), truth, facts, kind, "So", rng, mcq, "Asked: colour.")


def lesion_item(kind: str, label: str, facts: str, rng: random.Random, mcq: bool) -> Item:
    style = rng.randrange(4)
    names = [label, "malignant" if label == "benign" else "benign"]
    chosen = choose([W.LESION_WORDS[n][style] for n in names], names, rng, False) if mcq else None
    return _finish("lesion", rng.choice(W.ASK_LESION), chosen, facts, kind, "Lesion", label)


def closed_item(kind: str, pair: tuple[str, str], facts: str, rng: random.Random, mcq: bool) -> Item:
    question, truth = pair
    return _yes_no("closed", question, truth, facts, kind, "Finding", rng, mcq)


def drill_item(rng: random.Random) -> Item:
    """A question without a picture: the text states the kind. Cheap practice in names, options and letters."""
    kind = rng.choice(P.REAL_KINDS)
    make = rng.choices([kind_item, region_item, modality_item, yesno_item], [50, 17, 17, 16])[0]
    item = make(kind, "", rng, False, rng.random() < 0.85)
    forms = ["The picture is {a} {x}.", "Given: {a} {x}.", "The image shows {a} {x}.", "Description: {x}."]
    told = fill(rng.choice(forms), kind_phrase(kind, rng, False))
    item.question = f"{told} {item.question}"
    return item
