"""Shares of attributes: against known values, against made texts with known truth, and where a hub is of one kind."""

from __future__ import annotations

import random
from collections import Counter
from functools import lru_cache
from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest

from persona_hub.transforms.attributes import read_attributes
from persona_hub.transforms.evaluation.demographics.reference import Reference, reference_of
from persona_hub.transforms.evaluation.demographics.shares import (
    beside_reference,
    exact_bounds,
    known_share,
    misread,
    shares_among_known,
)
from persona_hub.transforms.evaluation.demographics.summary import Demographics
from persona_hub.transforms.evaluation.figures import Figure

READ_HERE = ("occupation", "life_stage", "country")
TITLES = {"nurse": "2", "truck driver": "8", "waiter": "5", "farmer": "6", "electrician": "7", "secretary": "4"}
AGES = {"16-year-old": "teenager", "25-year-old": "young adult", "42-year-old": "adult", "72-year-old": "older adult"}
COUNTRIES = {"France": "FR", "Japan": "JP", "Brazil": "BR", "Nigeria": "NG", "Canada": "CA"}
PARTS = {"occupation": (30, 5, 25, 1, 10, 9), "life_stage": (5, 15, 70, 10), "country": (2, 8, 30, 20, 40)}
SAID = {"occupation": 0.8, "life_stage": 0.6, "country": 0.4}  # how often a text says it
WORDS = {"occupation": TITLES, "life_stage": AGES, "country": COUNTRIES}
OURS = Reference("sex", "world", "", "", "", "", {"a": 0.5, "b": 0.3, "c": 0.2})


def text_of(title: str, age: str, country: str) -> str:
    return f"A {' '.join(filter(None, (age, title or 'person')))} who lives in {country} and likes chess.".replace(
        " who lives in  and", " who plays football and"
    )


@lru_cache
def read_here(words: tuple[str, str, str]) -> tuple[str, str, str]:
    found = read_attributes(text_of(*words), "en")
    return found.occupation, found.life_stage, found.country


def made_personas(seed: int, count: int = 300) -> list[tuple[str, tuple[str, ...]]]:
    """(document_id, what the rules read) of texts whose words are drawn with the shares of PARTS."""
    rng = random.Random(seed)
    rows: list[tuple[str, tuple[str, ...]]] = []
    for n in range(count):
        title, age, country = (
            rng.choices(list(WORDS[name]), PARTS[name])[0] if rng.random() < SAID[name] else "" for name in READ_HERE
        )
        rows.append((f"{seed}/{n}", read_here((title, age, country))))
    return rows


def true_shares(name: str) -> dict[str, float]:
    return {value: part / sum(PARTS[name]) for value, part in zip(WORDS[name].values(), PARTS[name], strict=True)}


def test_the_rules_read_the_made_texts() -> None:
    for title, age, country in product(TITLES, AGES, COUNTRIES):
        assert read_here((title, age, country)) == (TITLES[title], AGES[age], COUNTRIES[country])
    assert read_here(("", "", "")) == ("unspecified",) * 3


def test_shares_of_made_texts_lie_within_their_intervals_in_95_of_100_seeds() -> None:
    """All shares of a report at once: of the values, and of the texts that say the attribute."""
    held: Counter[str] = Counter()
    for seed in range(100):
        cells = Demographics.of(made_personas(seed), READ_HERE).cells
        shown = sum(1 + len(cells.known(name)) for name in READ_HERE)
        holds = {}
        for name in READ_HERE:
            truth = true_shares(name)
            pairs = [(truth[value], one) for value, one in shares_among_known(cells.known(name), values=shown).items()]
            pairs.append((SAID[name], known_share(cells.margin(name), values=shown)))
            holds[name] = all(one.low <= true <= one.high for true, one in pairs)  # type: ignore[operator]
        held.update([name for name, fits in holds.items() if fits])
        held["all"] += all(holds.values())
    assert min(held[name] for name in READ_HERE) >= 95, held
    assert held["all"] >= 92, held  # 0.964 hold of 4,000 seeds, of which 94 of these 100 are no rare draw


def test_intervals_hold_where_values_are_misread() -> None:
    """A tenth of the values is read as the commonest: the plain interval misses the truth, the one for 0.9 does not."""
    plain = wide = 0
    for seed in range(100):
        rng = random.Random(seed)
        read = ["CA" if rng.random() < 0.1 else rng.choices(["CA", "FR"], (1, 3))[0] for _ in range(3000)]
        found = shares_among_known(Counter(read))["CA"]
        widened = misread(found, 0.9)
        plain += found.low <= 0.25 <= found.high  # type: ignore[operator]
        wide += widened.low <= 0.25 <= widened.high  # type: ignore[operator]
    assert (plain, wide) == (0, 100)
    with pytest.raises(ValueError, match=r"precision is 1\.2"):
        misread(found, 1.2)
    assert misread(Figure(0.0, 0.0, 0.0, 5), 0.8) == Figure(0.0, 0.0, 0.0, 5)


def test_personas_of_one_document_widen_the_interval() -> None:
    narrow, wide = (shares_among_known({"a": 30, "b": 70}, design=design)["a"] for design in (1.0, 4.0))
    assert wide.value == narrow.value == 0.3
    assert wide.high - wide.low == pytest.approx(2 * (narrow.high - narrow.low), rel=0.1)  # type: ignore[operator]


@pytest.mark.parametrize(("part", "whole"), [(0, 7), (3, 7), (7, 7), (120, 5000)])
def test_bounds_are_those_of_clopper_and_pearson(part: int, whole: int) -> None:
    for values in (1, 20):
        low, high = exact_bounds(np.array([float(part)]), float(whole), values=values)
        expected = binomtest(part, whole).proportion_ci(1 - 0.05 / values, "exact")
        assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_values_over_and_under_by_hand() -> None:
    beside = beside_reference({"a": 800, "b": 190, "x": 5, "c": 10}, OURS)
    assert beside.outside == 5
    assert beside.ratios["a"].value == pytest.approx(1.6)
    assert beside.ratios["b"].value == pytest.approx(0.19 / 0.3)
    assert (beside.over, beside.under) == (("a",), ("c", "b"))


def test_chance_names_nobody_over_or_under() -> None:
    """Samples of the world itself, by country: in 95 of 100 none is named."""
    reference = reference_of("country")
    assert reference is not None
    names, shares = list(reference.shares), np.array(list(reference.shares.values()))
    named = 0
    for seed in range(100):
        counts = np.random.default_rng(seed).multinomial(500, shares)
        beside = beside_reference(dict(zip(names, counts.tolist(), strict=True)), reference)
        named += bool(beside.over or beside.under)
    assert named <= 5


def test_nothing_known_is_no_share() -> None:
    assert shares_among_known({}) == {}
    assert known_share({}).as_json == {"value": None, "low": None, "high": None, "n": 0}
    assert known_share({"unspecified": 4}).value == 0
    beside = beside_reference({"x": 3}, OURS)
    assert (dict(beside.ratios), beside.over, beside.outside, beside.divergence.n) == ({}, (), 3, 0)


def one_hub(country: str, language: str, count: int = 400) -> list[tuple[str, tuple[str, ...]]]:
    rng = random.Random(country)
    return [
        (str(n), (language, str(rng.randrange(1, 10)), "", rng.choice(["adult", ""]), country, "", ""))
        for n in range(count)
    ]


def like_the_world(count: int = 400) -> list[tuple[str, tuple[str, ...]]]:
    rng = random.Random(3)
    country, language = reference_of("country"), reference_of("language")
    assert country is not None
    assert language is not None
    countries = rng.choices(list(country.shares), list(country.shares.values()), k=count)
    languages = rng.choices(list(language.shares), list(language.shares.values()), k=count)
    return [(str(n), (languages[n], "", "", "", countries[n], "", "")) for n in range(count)]


def test_a_hub_of_one_country_and_one_language_is_far_from_the_world() -> None:
    one, world = (Demographics.of(rows).report()["attributes"] for rows in (one_hub("FI", "fi"), like_the_world()))
    halves = Demographics.of(one_hub("FI", "fi", 200)).merged(Demographics.of(like_the_world(200)))
    mixed = halves.report()["attributes"]
    for name, value in (("country", "FI"), ("language", "fi")):
        distances = [hub[name]["reference"]["divergence"] for hub in (one, mixed, world)]
        assert distances[0]["low"] > distances[1]["high"]
        assert distances[1]["low"] > distances[2]["high"]
        assert distances[0]["value"] > 0.9
        assert distances[2]["low"] < 0.01
        assert [one_of["of"] for one_of in one[name]["reference"]["over"]] == [value]
        assert one[name]["reference"]["over"][0]["low"] > 100
        assert mixed[name]["reference"]["over"][0]["of"] == value
        assert world[name]["reference"]["over"] == world[name]["reference"]["under"] == []
    assert {under["of"] for under in one["country"]["reference"]["under"][:2]} == {"CN", "IN"}
    assert one["seniority"]["known"]["value"] == 0
    assert one["life_stage"]["known"]["value"] == pytest.approx(0.5, abs=0.1)


def test_the_report_is_the_same_from_parts_in_any_order() -> None:
    rows = made_personas(1, 200)
    parts = [Demographics.of(rows[start::3], READ_HERE) for start in range(3)]
    whole = Demographics.of(rows, READ_HERE).report()
    assert parts[2].merged(parts[0]).merged(parts[1]).report() == whole
    assert list(whole["attributes"]) == list(READ_HERE)
