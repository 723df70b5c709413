"""What a job says at its end."""

from __future__ import annotations

from typing import Any

from persona_hub.pipelines.reporting.summary import counted, locations
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.versions import Hub


def test_a_line_for_each_step_with_what_did_not_go_on() -> None:
    counts = {
        "read_corpus": {"records": 1200, "document": 1000, "repeated": 150, "lost-gzip-truncated": 50},
        "extract_persona": {"documents": 1000, "asked": 1000, "answered": 990, "lost-malformed": 10},
        "synthesize_math": {"asked": 0},
    }
    read, extract = (" ".join(line.split()) for line in counted(counts))
    assert read == "read corpus 1,200 records 1,000 document 150 repeated, 50 gzip-truncated"
    assert extract == "extract persona 1,000 asked 990 answered 10 malformed"


def told_of_samples(**made: Any) -> list[str]:
    """The lines about samples of a version that added two personas and made no sample."""
    manifest = Manifest(version="0002-aaaaaaaa", counts={"write_hub": {"personas": 2}}, **made)
    return [" ".join(line.split()) for line in locations(Hub("OUT", manifest)) if line.startswith("samples")]


def test_a_condition_that_let_none_of_the_new_personas_pass_is_told() -> None:
    asked = {"use_case": ["math"], "where": "hop>5"}
    assert told_of_samples(parameters=asked) == ["samples none: --where hop>5 holds of none of these personas"]
    assert told_of_samples(parameters=asked, partial={"budget": 3}) == []
    for parameters in ({"use_case": ["none"], "where": "hop>5"}, {"use_case": ["math"]}, {"where": "hop>5"}):
        assert told_of_samples(parameters=parameters) == []
