"""The small proxy: what a model of an arm's set spans of texts of people."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from persona_hub.transforms.ablation.proxy import ProxyError, proxy_told, require_proxy, spanned_shares

THINGS = ["apples", "trains", "wages", "tiles", "litres", "marbles", "rooms", "pages", "tickets", "goats"]
DEEDS = ["sells", "counts", "paints", "shares", "loses", "buys", "measures", "packs", "borrows", "weighs"]
PLACES = ["a harbour", "the bakery", "her school", "a quarry", "the museum", "their farm", "a clinic", "the depot"]


def problems(seed: int, number: int, kinds: int = 10) -> list[str]:
    draws = np.random.default_rng(seed)
    return [
        f"Someone at {PLACES[draws.integers(min(kinds, 8))]} {DEEDS[draws.integers(kinds)]} {draws.integers(90)} "
        f"{THINGS[draws.integers(kinds)]}. How many are left?"
        for _ in range(number)
    ]


def test_an_arm_of_many_kinds_spans_more_than_one_of_few_and_that_more_than_copies() -> None:
    held_out = problems(1, 80)
    sets = {"none": problems(2, 60, 2), "hub": problems(3, 60), "same": problems(4, 1) * 60}
    none, hub, same = proxy_told(sets, held_out, "none")
    assert [(row["arm"], row["rows"], row["n"]) for row in (none, hub, same)] == [
        ("none", 60, 80),
        ("hub", 60, 80),
        ("same", 60, 80),
    ]
    assert 0 < same["spanned"]["value"] < none["spanned"]["value"] < hub["spanned"]["value"] < 1
    assert none["less_control"] is None
    assert 0 < hub["less_control"]["low"] < hub["less_control"]["high"] < 1
    assert same["less_control"]["high"] < 0
    assert proxy_told(sets, held_out, "none") == [none, hub, same]


def test_a_set_spans_itself_whole_and_nothing_that_shares_no_letters() -> None:
    held_out = problems(1, 40)
    whole = spanned_shares({"own": held_out}, held_out)["own"]
    assert whole.min() > 0.98  # 39 components of 40 rows
    apart = spanned_shares({"own": ["xyz xyz", "zyx zyx", "yxz"]}, ["abc def", "fed cba", "..."])["own"]
    assert apart.tolist() == [0, 0, 0]


def test_a_set_of_one_text_has_no_model() -> None:
    held_out = problems(1, 40)
    assert [row["arm"] for row in proxy_told({"none": held_out[:1], "hub": held_out}, held_out, "none")] == ["hub"]
    assert proxy_told({"none": []}, held_out, "none") == []


def test_what_is_lacking_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProxyError, match=r"--held_out few\.jsonl: 3 texts; give 30 or more that people wrote"):
        require_proxy(["a"] * 3, "few.jsonl")
    require_proxy(["a"] * 30, "enough.jsonl")
    loaded = builtins.__import__

    def without(name: str, *args: Any, **keywords: Any) -> Any:
        if name == "sklearn":
            raise ImportError(name)
        return loaded(name, *args, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ProxyError, match=r"pip install 'persona-hub\[proxy\]'"):
        require_proxy(["a"] * 30, "enough.jsonl")
