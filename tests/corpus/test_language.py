"""The language of real paragraphs, and of what has none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from transforms.corpus.language import language_of


@pytest.mark.parametrize("code", ["ar", "de", "en", "es", "hi", "ru", "th", "zh"])
def test_real_paragraphs_are_named_right(data: Path, code: str) -> None:
    with gzip.open(data / f"web/multiling/xquad_contexts.{code}.jsonl.gz", "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file][:60]
    assert sum(language_of(text) == code for text in texts) >= 59


def test_examples_are_named_right(examples: Path) -> None:
    rows = [row for rows in json.loads((examples / "corpus_texts.json").read_text("utf-8")).values() for row in rows]
    rows = [row for row in rows if "language" in row]
    assert len(rows) > 40
    assert [row["id"] for row in rows if language_of(row["text"]) != row["language"]] == []


@pytest.mark.parametrize("text", ["", "12345 67.8", "=====", "A C G T A C C", "x\0y", "{'a': [1, 2, 3]}", "😀😀😀"])
def test_what_says_nothing_is_undetermined(text: str) -> None:
    assert language_of(text) == "und"


def test_languages_that_the_first_library_is_unsure_of() -> None:
    assert language_of("Nilihitaji kwenda sokoni leo asubuhi kununua matunda na mboga kwa ajili ya familia") == "sw"
    assert language_of("Namuhla ekuseni ngiye emakethe ngayothenga izithelo nemifino yomndeni wami") == "zu"
