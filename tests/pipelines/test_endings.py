"""How a job ends: what is summed up, what is lacking, the exit code."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE
from persona_hub.pipelines.commands.preview import block, heading, printable
from persona_hub.pipelines.commands.status import UNFINISHED, expected_calls, state_lines, status_table
from persona_hub.pipelines.reporting.partial import report_partial
from persona_hub.pipelines.reporting.summary import counted, paid
from persona_hub.pipelines.runners.memory import RETURNED_BYTES, return_freed_memory
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.store.protocol import Spend
from tests.material.versions import made

# ---- exit codes


def test_a_job_that_asked_everything_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_partial({}, ModelConfig()) == DONE
    assert capsys.readouterr().out == ""


def test_a_job_that_left_questions_says_how_many_and_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_partial({"budget-exhausted": 1234}, ModelConfig()) == BUDGET_SPENT
    said = capsys.readouterr().out
    assert "1,234 questions not asked" in said
    assert "a higher budget goes on from here" in said


def test_a_server_that_gave_no_answer_is_told_apart_from_a_spent_budget(capsys: pytest.CaptureFixture[str]) -> None:
    assert report_partial({"connection": 1200, "http-503": 3}, ModelConfig()) == BUDGET_SPENT
    said = capsys.readouterr().out
    assert "1,203 questions without an answer" in said
    assert "(connection 1,200, http-503 3)" in said
    assert "budget" not in said


def test_an_export_with_nothing_to_write_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report_partial({}, ModelConfig("openai:m", options={"export": str(tmp_path)})) == DONE
    assert "import-responses" not in capsys.readouterr().out


# ---- the summary


def test_money_is_said_only_where_it_is_known() -> None:
    usage = {"a": {"calls": 1000, "input_tokens": 20_000, "output_tokens": 3000, "cost_usd": 1.5}}
    [said] = paid(usage | {"b": {"calls": 5, "input_tokens": 1, "output_tokens": 1, "cost_usd": 0.25}})
    assert said.split() == [
        "model",
        "1,005",
        "calls,",
        "20,001",
        "tokens",
        "in,",
        "3,001",
        "out,",
        "1.75",
        "US",
        "dollars",
    ]
    [said] = paid({"a": {"calls": 2, "input_tokens": 20, "output_tokens": 3}})
    assert said.endswith("3 out, at a price that is not known")
    [said] = paid({"a": usage["a"] | {"estimated": 1200}})
    assert "3,000 out (1,200 calls estimated), 1.50 US dollars" in said
    assert list(paid({})) == []
    assert list(paid({"a": {"calls": 0, "input_tokens": 0, "output_tokens": 0}})) == []


@given(st.dictionaries(st.sampled_from(["lost-malformed", "lost-timeout", "identical"]), st.integers(0, 9)))
def test_every_reason_that_occurred_is_in_the_line_of_its_step(reasons: dict[str, int]) -> None:
    lost = sum(reasons.values())
    [said] = counted({"extract_persona": {"documents": 3, "asked": 100 + lost, "answered": 100, **reasons}})
    for name, n in reasons.items():
        assert (f"{n} {name.removeprefix('lost-')}" in said) == (n > 0)
    assert "documents" not in said


# ---- status


def test_stages_stand_in_the_order_of_the_estimate_and_others_after_them() -> None:
    now = {"expand": Spend(2, 20, 2, 1), "another": Spend(1, 1, 1, 10**9)}
    _, *said = status_table(now, {}, 0.0, {"extract": 10.0, "expand": 5.0})
    assert [row.split()[:3] for row in said] == [
        ["extract", "0", "10"], ["expand", "2", "5"], ["another", "1", "1"], ["all", "3", "15"],
    ]  # fmt: skip


def test_without_an_estimate_stages_stand_in_the_order_of_the_graph_and_no_column_is_empty() -> None:
    stages = ["extract_persona", "expand_persona", "embed_dedup", "synthesize_math"]
    head, *said = status_table(dict.fromkeys(sorted(stages), Spend(1, 2, 3, 4)), {}, 0.0, {})
    assert [row.split()[0] for row in said] == [*stages, "all"]
    assert "of about" not in head
    assert head.index("tokens in") + len("tokens in") == said[0].index(" 2") + 2


def test_status_says_whether_a_hub_is_there_partial_or_complete(tmp_path: Path) -> None:
    assert list(state_lines("")) == []
    assert list(state_lines(str(tmp_path))) == [UNFINISHED]
    first = made(tmp_path, "", "a diver")
    assert list(state_lines(str(tmp_path))) == [f"complete: {first.version}"]
    file = tmp_path / "hub" / first.version / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"partial": {"budget-exhausted": 7}}))
    [said] = state_lines(str(tmp_path))
    assert said.startswith("partial: questions have no answer yet (budget-exhausted 7); the same command goes on")


def test_a_price_that_is_not_known_is_no_price_of_nothing() -> None:
    def told(now: dict[str, Spend]) -> list[str]:
        return list(status_table(now, {}, 0.0, {}))[1:]

    known, unknown = Spend(2, 20, 2, 15 * 10**8), Spend(3, 30, 3)
    a, b, whole, note = told({"a": known, "b": unknown})
    assert (a.split()[-1], b.split()[-2:], whole.split()[-1]) == ("1.5000", ["not", "known"], "1.5000")
    assert note.startswith("US dollars: price not known when these calls were made")
    assert note.endswith("the sum is that of the other stages")
    *_, whole, note = told({"b": unknown})
    assert whole.split()[-2:] == ["not", "known"]
    assert note.endswith("(--price_file gives one)")
    assert told({"a": known})[-1].split() == ["all", "2", "20", "2", "1.5000"]
    assert told({})[-1].split() == ["all", "0", "0", "0", "0.0000"]


def test_estimated_tokens_are_told_as_such() -> None:
    *_, note = status_table({"a": Spend(5, 20, 2, 10**9, 3), "b": Spend(1, 1, 1, 10**9)}, {}, 0.0, {})
    assert note.startswith("tokens: 3 of 6 calls estimated: the server did not say how many")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"stages": [1]}', '{"stages": [{"stage": "a", "calls": "x"}]}'])
def test_an_estimate_that_cannot_be_read_is_as_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "estimate.json").write_text(text)
    assert expected_calls(str(tmp_path)) == {}
    assert expected_calls(str(tmp_path / "nowhere")) == {}


# ---- a preview for terminals


@given(st.text(max_size=300))
def test_no_text_steers_the_terminal(text: str) -> None:
    for shown in [printable(text), *block("answer", text), *heading(text)]:
        assert shown.isprintable()
        assert len(shown) <= max(100, len(text) + 4)


def test_a_text_keeps_its_lines_under_its_name() -> None:
    assert list(block("answer", "one\n\ntwo", "3 tokens")) == ["-- answer (3 tokens)", "   one", "", "   two"]
    assert list(block("answer", "")) == ["-- answer", ""]


# ---- memory


def test_what_the_user_says_of_memory_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "12345")
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_", raising=False)
    return_freed_memory()
    assert os.environ["MALLOC_TRIM_THRESHOLD_"] == "12345"
    assert os.environ["MALLOC_MMAP_THRESHOLD_"] == str(RETURNED_BYTES)
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_")
