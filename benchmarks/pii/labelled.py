"""English texts whose personal data is known: gold paragraphs, real sentences with data put in, and those of others."""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import faker

from tests.material import pii_gold
from tests.material.pii_measure import gaps_of, mentions, paragraphs, plant, real_personas

SEED = 14
ROUNDS = 60  # texts of each maker below
LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT")  # of which each has IBANs or street addresses
# Kinds of presidio's own texts. Towns and postcodes are neither street addresses nor false ones.
KIND_OF_LABEL = {
    "PERSON": "person name",
    "EMAIL_ADDRESS": "e-mail",
    "PHONE_NUMBER": "phone",
    "IBAN_CODE": "IBAN",
    "CREDIT_CARD": "card",
    "US_SSN": "national id",
    "US_DRIVER_LICENSE": "national id",
    "IP_ADDRESS": "IP",
    "STREET_ADDRESS": "street address",
    "GPE": "place",
    "ZIP_CODE": "place",
}


class Label(NamedTuple):
    """A stretch of a text, and the kind of personal data that it is."""

    start: int
    end: int
    kind: str


class Labelled(NamedTuple):
    """A text and its labels; whether its names are labelled, too."""

    text: str
    labels: tuple[Label, ...]
    has_names: bool


def gold_names(data: Path) -> Iterator[Labelled]:
    """The XQuAD paragraphs in which the people are known; no contact data stands in them."""
    texts = paragraphs(data, "en")
    for number, names in (pii_gold.SEEN | pii_gold.HELD_OUT).items():
        found = mentions(texts[number], names["en"])
        yield Labelled(texts[number], tuple(Label(*span, "person name") for span in sorted(found)), True)


def gold_contacts(data: Path) -> Iterator[Labelled]:
    """The project's own forms of addresses and numbers, in sentences of XQuAD."""
    kinds = {"email": "e-mail", "phone": "phone"}
    for one in plant(data, ("en",)):
        if one.kind in kinds:
            yield Labelled(one.text, (Label(one.start, one.end, kinds[one.kind]),), False)


def makers() -> Iterator[tuple[str, Callable[[], str]]]:
    """What makes personal data of each kind: Faker, which is neither ours nor presidio's."""
    locale = {name: faker.Faker(name) for name in (*LOCALES, "en_IN", "pt_BR", "zh_CN", "es_MX")}
    for made in locale.values():
        made.seed_instance(SEED)
    yield from (("e-mail", locale[name].email) for name in LOCALES)
    yield from (("IBAN", locale[name].iban) for name in LOCALES if name != "en_US")
    yield "card", locale["en_US"].credit_card_number
    yield "IP", locale["en_US"].ipv4_public
    yield "IP", lambda: locale["en_US"].ipv6()
    yield from (("street address", lambda name=name: locale[name].street_address()) for name in LOCALES)
    yield "national id", locale["en_US"].ssn
    # Faker's own have the prefix ZZ, which is never given
    yield "national id", lambda: locale["en_GB"].bothify("?? ## ## ## ?", letters="ABC")
    yield "national id", locale["en_IN"].aadhaar_id
    yield "national id of elsewhere", locale["it_IT"].ssn
    yield "national id of elsewhere", locale["fr_FR"].ssn
    yield "national id of elsewhere", locale["es_ES"].nif
    yield "national id of elsewhere", locale["pt_BR"].cpf
    yield "national id of elsewhere", locale["zh_CN"].ssn
    yield "national id of elsewhere", locale["es_MX"].curp


def faked(data: Path) -> Iterator[Labelled]:
    """Faker's data in personas that others wrote, at a space."""
    rng = random.Random(SEED)
    personas = real_personas(data)
    for kind, make in makers():
        for _ in range(ROUNDS):
            text, made = rng.choice(personas), make()
            at = rng.choice(gaps_of(text))
            yield Labelled(
                f"{text[:at]} {made} {text[at:].lstrip()}", (Label(at + 1, at + 1 + len(made), kind),), False
            )


def portraits_with_names(data: Path) -> Iterator[Labelled]:
    """Portraits of Nemotron-Personas: the name is what both texts on somebody begin with, and its parts alone."""
    with (data / "personas" / "nemotron_personas_usa_50.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            both = row["core"].split(" "), row["professional"].split(" ")
            common = [
                a.strip(",") for a, b in zip(*both, strict=False) if a.strip(",") == b.strip(",") and a[:1].isupper()
            ][:3]
            if len(common) < 2 or common[0] == "A":
                continue
            names = {" ".join(common), common[0], common[-1]}
            for text in (row["core"], row["professional"]):
                labels = (Label(*span, "person name") for span in sorted(mentions(text, sorted(names))))
                yield Labelled(text, tuple(labels), True)


def of_presidio(file: Path) -> Iterator[Labelled]:
    """The texts that presidio's makers evaluate it with: data/synth_dataset_v2.json of microsoft/presidio-research."""
    for row in json.loads(file.read_text("utf-8")):
        spans = (span for span in row["spans"] if span["entity_type"] in KIND_OF_LABEL)
        labels = (
            Label(span["start_position"], span["end_position"], KIND_OF_LABEL[span["entity_type"]]) for span in spans
        )
        yield Labelled(row["full_text"], tuple(labels), True)


def without_contacts(data: Path) -> Iterator[Labelled]:
    """Real personas and word problems, full of numbers and free of contact data; their names are not labelled."""
    for text in real_personas(data):
        yield Labelled(text, (), False)
    with (data / "math" / "gsm8k_test.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield Labelled(json.loads(line)["question"], (), False)


def is_placeless(text: str) -> bool:
    """Whether a finding of an address has no number: a town or a country, and nobody's address."""
    return not re.search(r"\d", text)
