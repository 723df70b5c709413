"""Headline figures of docs/evidence.md still come out of the released file; skipped without the data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.pages.report.given import require_sample
from persona_hub.pipelines.pages.review.items import Item
from persona_hub.pipelines.pages.samples import found_in
from persona_hub.transforms.evaluation.repetition.patterns import openings
from persona_hub.transforms.evaluation.repetition.value_counts import ValueCounts

DATA = Path(os.environ.get("PERSONA_HUB_DATA", ""))
EVIDENCE = Path(__file__).parents[2] / "docs" / "evidence.md"


@pytest.mark.skipif(not (DATA / "personas").is_dir(), reason="PERSONA_HUB_DATA names no folder with the data")
def test_released_personas_open_as_the_docs_say() -> None:
    found = list(found_in(str(DATA / "personas" / "personahub_tool.jsonl.gz"), ""))
    personas = [one.persona for one in found if isinstance(one, Item)]
    assert len(personas) == len(found) == len(set(personas)) == 2486
    counted = ValueCounts().add([opening] for opening in openings(personas))
    assert counted.top(4) == [("i am a", 37), ("a software engineer", 24), ("a middle aged", 20), ("a person who", 16)]
    said = " ".join(EVIDENCE.read_text("utf-8").split())
    assert ", ".join(f'"{value}" {rows}' for value, rows in counted.top(4)) in said
    assert f"{counted.share_of_top(20).value:.4f}" in said


@pytest.mark.skipif(not (DATA / "math").is_dir(), reason="PERSONA_HUB_DATA names no folder with the data")
def test_a_table_without_names_says_what_to_write() -> None:
    with pytest.raises(UsageError, match="write the columns' names above it"):
        require_sample(str(DATA / "math" / "mgsm_de.tsv"), "--samples")
