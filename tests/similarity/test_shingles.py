"""Shingles: what the words of a text are, in any script."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.similarity import shingles
from persona_hub.transforms.similarity.shingles import (
    FEW_TOKENS,
    general_tokens,
    hash_tokens,
    token_sets,
    tokenise,
    tokenise_utf8,
)

TEXTS = st.lists(st.text(), max_size=8)
ASCII_TEXTS = st.lists(st.text(st.characters(max_codepoint=127)), max_size=8)


def words(text: str) -> list[str]:
    return tokenise([text]).words()[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A chef, who's COOKING!", ["a", "chef", "who", "s", "cooking"]),
        ("École Straße ﬁne Ⅷ", ["école", "strasse", "fine", "viii"]),
        ("Шеф-повар из Казани", ["шеф", "повар", "из", "казани"]),
        ("हिन्दी में लिखने वाला", ["हिन्दी", "में", "लिखने", "वाला"]),
        ("مُعَلِّم في المدرسة", ["مُعَلِّم", "في", "المدرسة"]),
        ("می‌خواهم", ["میخواهم"]),
        ("一个AI工程师", ["一", "个", "ai", "工", "程", "师"]),
        ("ラーメン店", ["ラ", "ー", "メ", "ン", "店"]),
        ("한국어 사용자", ["한국어", "사용자"]),
        ("คนรัก", ["คนร", "นรั", "รัก"]),
        ("ครู", ["ครู"]),
        ("❤️ 🙂 ́ …", []),
        ("covid-19_x", ["covid", "19", "x"]),
        ("C++ C# C c++, F#! g++11 a+b", ["c++", "c#", "c", "c++", "f#", "g", "11", "a", "b"]),
        (
            "A+ A- A a--b (B-) x-y well- 18+ 7- A-",
            ["a+", "a-", "a", "a", "b", "b-", "x", "y", "well", "18+", "7", "a-"],
        ),
        ("Ｃ＋＋ é# ++ #tag №", ["c++", "é#", "tag", "no"]),
    ],
)
def test_words_by_script(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(ASCII_TEXTS)
def test_plain_ascii_has_the_same_words_on_the_short_way(texts: list[str]) -> None:
    assert tokenise(texts).words() == general_tokens(texts).words()


@given(st.lists(st.text(st.sampled_from("aA9+#- é猫")), max_size=8))
def test_symbols_do_not_depend_on_their_neighbours(texts: list[str]) -> None:
    assert tokenise(texts).words() == general_tokens(texts).words() == [words(text) for text in texts]
    encoded = [text.encode() for text in texts]
    assert tokenise_utf8(b"".join(encoded), np.cumsum([0, *map(len, encoded)])).words() == tokenise(texts).words()


@given(TEXTS)
def test_texts_do_not_depend_on_their_neighbours(texts: list[str]) -> None:
    assert tokenise(texts).words() == [words(text) for text in texts]


@given(TEXTS)
def test_bytes_have_the_words_of_their_texts(texts: list[str]) -> None:
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)])
    assert tokenise_utf8(b"".join(encoded), offsets).words() == tokenise(texts).words()


@given(st.text())
def test_case_and_compatibility_forms_make_no_difference(text: str) -> None:
    assert words(shingles.normalise(text)) == words(text)


@given(TEXTS)
def test_a_set_has_as_many_tokens_as_there_are_different_words(texts: list[str]) -> None:
    tokens = tokenise(texts)
    sets = token_sets(hash_tokens(tokens), tokens.size)
    assert sets.size.tolist() == [len(set(text)) for text in tokens.words()]


@given(st.lists(st.text(st.sampled_from("abä一"), min_size=1, max_size=60), min_size=1, max_size=5))
def test_tokens_are_hashed_alike_one_by_one_and_together(words: list[str]) -> None:
    few = hash_tokens(tokenise(words)).tolist()
    many = hash_tokens(tokenise(words * (FEW_TOKENS + 1))).tolist()
    assert many == few * (FEW_TOKENS + 1)


def test_a_token_hash_tells_words_apart_that_differ_anywhere() -> None:
    long = "a" * 40
    variants = [long[:i] + "b" + long[i + 1 :] for i in range(40)] + [long[:i] for i in range(1, 41)]
    assert len(set(hash_tokens(tokenise(variants)).tolist())) == len(variants)


def test_words_are_those_of_tensorflow_text(data: Path) -> None:
    """In scripts with spaces, and where no letter stands beside a digit: there it parts a word, we do not."""
    tf_text = pytest.importorskip("tensorflow_text")
    checked = 0
    for language in ("en", "de", "es", "ru", "ar", "hi"):
        lines = gzip.decompress((data / "web" / "multiling" / f"xquad_contexts.{language}.jsonl.gz").read_bytes())
        texts = [shingles.normalise(json.loads(line)["text"]) for line in lines.splitlines()[:40]]
        for text, tokens in zip(texts, tf_text.UnicodeScriptTokenizer().tokenize(texts).to_list(), strict=True):
            theirs = {token.decode() for token in tokens}
            ours = [word for word in text.split() if word.isalpha() and word in theirs]
            assert set(ours) <= set(words(text))
            checked += len(ours)
    assert checked > 10_000


@pytest.mark.parametrize("language", ["ar", "de", "en", "es", "hi", "ru", "th", "zh"])
def test_unrelated_paragraphs_of_any_language_are_far_apart(data: Path, language: str) -> None:
    lines = gzip.decompress((data / "web" / "multiling" / f"xquad_contexts.{language}.jsonl.gz").read_bytes())
    texts = [json.loads(line)["text"] for line in lines.splitlines()]
    sets = [frozenset(text) for text in tokenise(texts).words()]
    nearest = max(len(a & b) / len(a | b) for i, a in enumerate(sets) for b in sets[:i] if a != b)
    assert nearest < 0.8
