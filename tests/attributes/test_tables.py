"""The tables of titles: groups that exist, each title once, and titles.txt.gz as its script makes it."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path

import pytest

from persona_hub.transforms.attributes import lexicon, make_titles
from tests.helpers.places import ROOT

GROUP = re.compile(r"[0-9]|0[1-3]10|[1-9]\d{3}")


@pytest.mark.parametrize("language", ["en", "de", "es", "fr"])
def test_titles_by_hand_stand_once_and_have_groups(language: str) -> None:
    rows = [(form, group) for group, titles in lexicon.read_words(f"titles_{language}").items() for form in titles]
    assert [group for _, group in rows if not GROUP.fullmatch(str(group))] == []
    assert [title for title, count in Counter(title for title, _ in rows).items() if count > 1] == []


def test_chinese_titles_stand_once_and_have_groups() -> None:
    titles = lexicon.read_words("zh")["titles"]
    assert [group for group in titles if not GROUP.fullmatch(str(group))] == []
    counts = Counter(title for line in titles.values() for title in line)
    assert [title for title, count in counts.items() if count > 1] == []


def test_two_genders_are_said_in_one_word() -> None:
    assert lexicon.forms("profesor/a universitario/a") == ["profesor universitario", "profesora universitaria"]
    assert lexicon.forms("infirmier/ère") == ["infirmier", "infirmière"]
    assert lexicon.forms("koch/=köchin") == ["koch", "köchin"]
    assert lexicon.forms("sage-femme") == ["sage-femme"]


def test_the_packaged_titles_are_small_and_hold_those_by_hand() -> None:
    titles = lexicon.packaged_titles()
    assert (ROOT / "transforms/attributes/titles.txt.gz").stat().st_size < 200_000
    assert titles["nurse"] == "2221"
    assert make_titles.ending("school nurse", titles) == titles.get("school nurse", "2221")


def test_what_an_ending_says_is_left_out() -> None:
    assert make_titles.needed({"nurse": "2221", "school nurse": "2221", "wet nurse": "5311"}) == {
        "nurse": "2221",
        "wet nurse": "5311",
    }


def test_titles_of_a_soc_take_the_group_on_which_known_ones_agree() -> None:
    known = {"a": "2511", "b": "2511", "c": "2512", "d": "7111", "e": "2511"}
    titles = {"a": {"S1"}, "b": {"S1"}, "x": {"S1"}, "c": {"S2"}, "e": {"S2"}, "y": {"S2"}, "d": {"S3"}, "z": {"S3"}}
    groups = make_titles.by_votes(known, titles, {"S1": {"2511"}, "S2": {"2511", "2512"}, "S3": {"7111"}})
    assert groups == {"S1": "2511", "S2": "2"}  # one vote is too few


def test_the_script_makes_the_packaged_titles(data: Path) -> None:
    made = "".join(make_titles.lines(make_titles.made(data / "reference")))
    assert gzip.decompress((ROOT / "transforms/attributes/titles.txt.gz").read_bytes()).decode() == made
