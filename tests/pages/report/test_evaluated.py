"""What an evaluation found, as the report has it."""

from __future__ import annotations

from persona_hub.pipelines.pages.report.evaluated import cost_of


def test_a_price_that_is_not_known_is_no_price_of_nothing() -> None:
    taken = {"calls": 3, "input_tokens": 20, "output_tokens": 10}
    both = cost_of({"extract_persona": {**taken, "cost_usd": 0.5}, "expand_persona": taken})
    assert both
    assert both["total_usd"] == 0.5
    assert [(one.stage, one.usd) for one in both["stages"]] == [("expand_persona", None), ("extract_persona", 0.5)]
    unpriced = cost_of({"extract_persona": taken})
    assert unpriced
    assert unpriced["total_usd"] is None
    assert cost_of({}) is None
