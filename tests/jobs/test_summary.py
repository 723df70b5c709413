"""What a job says at its end."""

from __future__ import annotations

from persona_hub.pipelines.reporting.summary import counted


def test_a_line_for_each_step_with_what_did_not_go_on() -> None:
    counts = {
        "read_corpus": {"records": 1200, "document": 1000, "repeated": 150, "lost-gzip-truncated": 50},
        "extract_persona": {"documents": 1000, "asked": 1000, "answered": 990, "lost-malformed": 10},
        "synthesize_math": {"asked": 0},
    }
    read, extract = (" ".join(line.split()) for line in counted(counts))
    assert read == "read corpus 1,200 records 1,000 document 150 repeated, 50 gzip-truncated"
    assert extract == "extract persona 1,000 asked 990 answered 10 malformed"
