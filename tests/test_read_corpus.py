"""Files in; documents, outcomes and dead letters out."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.collect import read
from transforms.read_corpus import CorpusError, match_corpus

LONG = "The tide tables hang beside the kettle, and every morning the harbour master reads them aloud. "


def write_lines(path: Path, *records: Any) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records), "utf-8")
    return path


def test_every_line_is_a_document_a_skip_or_a_dead_letter(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "a.jsonl",
        {"text": LONG, "url": "https://harbour.example/tides"},
        {"raw_content": LONG * 2},
        {"text": "too short"},
        {"text": LONG},
        '{"text": "cut off',
        {"title": "no text here"},
        {"text": 7},
        {"text": None},
    )
    documents, outcomes, dead = read(tmp_path)
    assert [d.text for d in sorted(documents, key=lambda d: d.place)] == [LONG.strip(), (LONG * 2).strip()]
    assert {d.source for d in documents} == {"https://harbour.example/tides", f"{tmp_path}/a.jsonl, line 2"}
    assert Counter(o.outcome for o in outcomes) == {
        "document": 2,
        "repeated": 1,
        "skipped-too-short": 1,
        "skipped-no-text": 1,
    }
    assert Counter(d.reason for d in dead) == {"broken-json": 1, "field-missing": 1, "field-not-text": 1}
    assert len(outcomes) + len(dead) == 8


def test_no_match_is_an_error_that_names_the_pattern(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="nothing-here"):
        match_corpus([f"{tmp_path}/nothing-here-*.jsonl"])
