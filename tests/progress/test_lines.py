"""Progress in words and as JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from persona_hub.pipelines.progress.bars import Bars
from persona_hub.pipelines.progress.facts import FactFinder, Facts, StageFacts
from persona_hub.pipelines.progress.lines import clock, json_line, plain_line
from persona_hub.transforms.calls.protocol import Budget
from persona_hub.transforms.counting.board import Board
from persona_hub.transforms.store.protocol import Spend

STAGE = StageFacts("extract_persona", asked=300, done=200, lost=2, cached=7, total=1200, rate=10.0, open=True)
FACTS = Facts(
    seconds=75,
    stages=(STAGE,),
    step="extract_persona",
    documents=1200,
    lost=2,
    refusals=4,
    retries=3,
    spend=Spend(190, 50_000, 4_000, 160_000_000),
    call_rate=9.5,
    budget=Budget(cost_usd=0.3, tokens=10**6, calls=1000),
)


def test_what_a_line_says() -> None:
    assert plain_line(FACTS) == (
        "01:15 · 1,200 documents · 2 lost · extract persona 200 of 1,200, 10.0/s, 01:40 left · 190 of 1,000 calls · "
        "50,000 tokens in, 4,000 out, of 1,000,000 · 0.1600 of 0.3000 US dollars · 4 refusals · 3 retries"
    )
    assert plain_line(FACTS, ended=True).startswith("ended after 01:15 · ")


def test_a_line_says_only_what_is_known() -> None:
    assert plain_line(Facts(seconds=5)) == "00:05"
    assert plain_line(Facts(seconds=5, cluster="Flink", spend=Spend(2, 10, 3))) == (
        "00:05 · runs on Flink · 2 calls · 10 tokens in, 3 out · price not known"
    )
    assert "9 out (1 call estimated)" in plain_line(Facts(seconds=5, spend=Spend(2, 10, 9, 0, 1)))
    slow = replace(FACTS, stages=(replace(STAGE, rate=0.0, total=None),), spend=Spend(), refusals=0, retries=0)
    assert plain_line(slow) == "01:15 · 1,200 documents · 2 lost · extract persona 200"


def test_json_has_every_field_and_null_for_what_is_not_known() -> None:
    told = json.loads(json_line(FACTS))
    assert told == {
        "event": "progress", "seconds": 75.0, "cluster": "", "step": "extract_persona", "rows": 0, "documents": 1200,
        "personas": 0, "samples": 0, "lost": 2, "refusals": 4, "retries": 3, "calls": 190, "calls_per_second": 9.5,
        "input_tokens": 50_000, "output_tokens": 4_000, "estimated_calls": 0, "cost_usd": 0.16, "max_calls": 1000,
        "budget_tokens": 10**6, "max_cost_usd": 0.3,
        "stages": [{"stage": "extract_persona", "asked": 300, "done": 200, "lost": 2, "cached": 7, "total": 1200,
                    "per_second": 10.0, "seconds_left": 100.0}],
    }  # fmt: skip
    far = json.loads(json_line(replace(FACTS, cluster="Flink", budget=Budget(), spend=Spend(2, 3, 4)), ended=True))
    assert far.keys() == told.keys()
    assert far["event"] == "end"
    assert [name for name, value in far.items() if value is None] == [
        "rows", "documents", "personas", "samples", "lost", "refusals", "retries", "cost_usd", "max_calls",
        "budget_tokens", "max_cost_usd",
    ]  # fmt: skip
    assert [name for name, value in far["stages"][0].items() if value is None] == ["asked", "lost", "cached"]


@given(st.text(max_size=90), st.text(max_size=200))
def test_no_name_steers_the_terminal_or_breaks_a_line(use_case: str, cluster: str) -> None:
    board = Board({(f"synthesize_{use_case}", "asked"): 3, ("embed_dedup", "kept"): 5})
    for facts in (
        FactFinder(Budget()).facts(1.0, board, None),
        FactFinder(Budget(), cluster).facts(1.0, board, {use_case: Spend(1, 1, 1)}),
    ):
        assert plain_line(facts).isprintable()
        assert json_line(facts).isascii()
        assert "\n" not in json_line(facts)


def test_a_name_is_no_markup_of_the_bars() -> None:
    stream = io.StringIO()
    board = Board({("synthesize_[bold red]x[/] :smile:", "asked"): 3, ("embed_dedup", "kept"): 5})
    with Bars(stream) as bars:
        bars.show(FactFinder(Budget()).facts(1.0, board, None))
    assert "synthesize [bold red]x[/] :smile:" in stream.getvalue()


@given(st.floats(0, 10**6))
def test_a_clock_goes_by_sixties(seconds: float) -> None:
    parts = [int(part) for part in clock(seconds).split(":")]
    assert sum(part * 60**i for i, part in enumerate(reversed(parts))) == int(seconds)
    assert all(part < 60 for part in parts[-2:])
