"""A budget that runs out leaves a valid hub that says so; more of it leads to the full one, nothing paid twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import list_runs, list_versions, open_hub
from persona_hub.transforms.reasons import unanswered
from persona_hub.transforms.records import DocumentOutcome
from tests.helpers.hubs import dead_letters
from tests.helpers.paid import content, corpus_of, paying, run_build, spend
from tests.servers.models.launch import FakeServer

DOCUMENTS = 40


def test_half_a_budget_then_all_of_it(server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, flags = corpus_of(tmp_path, DOCUMENTS), paying(server, tmp_path)
    assert run_build(corpus, tmp_path / "whole", flags) == DONE
    whole = spend(tmp_path / "whole")
    calls, cost = sum(s.calls for s in whole.values()), sum(s.cost for s in whole.values()) / 1e9
    manifest = open_hub(str(tmp_path / "whole")).manifest
    assert manifest.partial == {}
    assert manifest.usage["extract_persona"]["calls"] == DOCUMENTS
    assert sum(row["cost_usd"] for row in manifest.usage.values()) == pytest.approx(cost)
    paid = server.counts()["paid"]

    half = [*flags, "--max_cost_usd", f"{cost / 2:.4f}"]
    assert run_build(corpus, tmp_path / "out", half) == BUDGET_SPENT
    said = capsys.readouterr().out
    assert re.search(
        r"partial: the budget ran out( for \S+(, \S+)*)?: [\d.]+ of (its |their )?[\d.]+ US dollars are spent", said
    )
    assert "a higher --max_cost_usd" in said
    first = open_hub(str(tmp_path / "out")).manifest
    assert first.partial["budget-exhausted"] > 0
    assert sum(s.cost for s in spend(tmp_path / "out").values()) / 1e9 <= cost / 2 * 1.02
    assert {one["reason"] for one in dead_letters(tmp_path / "out")} == {"budget-exhausted"}
    assert all(spend(tmp_path / "out")[stage].calls for stage in whole), "every stage had its share"

    assert run_build(corpus, tmp_path / "out", [*flags, "--max_cost_usd", f"{cost * 2:.4f}"]) == DONE
    second = open_hub(str(tmp_path / "out")).manifest
    all_paid = sum(one.cost for one in spend(tmp_path / "out").values()) / 1e9
    assert second.novelty["per_dollar"] == pytest.approx(second.novelty["personas"] / all_paid, rel=1e-3)
    assert (second.parent, second.replaces, second.partial) == (first.version, first.version, {})
    assert [one.version for one in list_versions(str(tmp_path / "out"))] == [first.version, second.version]
    assert [run.run for _, run in list_runs(str(tmp_path / "out"))] == [second.version]
    assert server.counts()["paid"] - paid == calls
    wanted = content(tmp_path / "whole")
    got = content(tmp_path / "out")
    assert got[0] == wanted[0]
    assert got[1] == wanted[1]

    assert run_build(corpus, tmp_path / "out", flags) == DONE
    assert "nothing is to be done" in capsys.readouterr().out


def test_the_same_budget_again_changes_nothing(server: FakeServer, tmp_path: Path) -> None:
    corpus, flags = corpus_of(tmp_path, 10), [*paying(server, tmp_path), "--max_calls", "15"]
    assert run_build(corpus, tmp_path / "out", flags) == BUDGET_SPENT
    assert server.counts()["paid"] <= 15
    before = sorted(path for path in (tmp_path / "out" / "hub").rglob("*.avro"))
    assert run_build(corpus, tmp_path / "out", flags) == BUDGET_SPENT
    assert sorted(path for path in (tmp_path / "out" / "hub").rglob("*.avro")) == before
    assert len(list_versions(str(tmp_path / "out"))) == 1


def test_a_partial_run_of_samples_goes_on(server: FakeServer, tmp_path: Path) -> None:
    flags = paying(server, tmp_path)
    hub = tmp_path / "hub"
    assert run_build(corpus_of(tmp_path, 10), hub, ["--expand_hops", "0"]) == DONE
    command = ["synthesize", "--hub", str(hub), "--use_case", "logical_reasoning", "--output", str(tmp_path / "out")]
    assert main([*command, *flags, "--max_calls", "4"]) == BUDGET_SPENT
    [(_, first)] = list_runs(str(tmp_path / "out"))
    assert first.partial == {"budget-exhausted": 6}
    assert first.usage["synthesize_logical_reasoning"]["calls"] == 4
    assert main([*command, *flags]) == DONE
    [(_, second)] = list_runs(str(tmp_path / "out"))
    assert (second.replaces, second.partial, second.records_of("samples")) == (first.run, {}, 10)
    assert server.counts()["paid"] == 10
    assert main([*command, *flags]) == DONE


def test_answers_lost_beyond_the_share_are_asked_for_again_by_the_same_command(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = ["no persona", "none either", "nor now", '{"persona": "A beekeeper who waits"}']
    server.tell(answers={"beehives": bad})
    corpus, flags = corpus_of(tmp_path, 8), [*paying(server, tmp_path), "--expand_hops", "0"]
    for attempt in (1, 2):
        assert run_build(corpus, tmp_path / "out", flags) == BUDGET_SPENT
        assert "more answers were lost than --max_lost allows (malformed 1: no JSON object)" in capsys.readouterr().out
        manifest = open_hub(str(tmp_path / "out")).manifest
        assert (manifest.partial, manifest.repairs) == ({"malformed": 1}, attempt)
    calls = server.counts()["calls"]
    assert run_build(corpus, tmp_path / "out", flags) == DONE
    assert server.counts()["calls"] == calls + 2  # the persona and its sample
    manifest = open_hub(str(tmp_path / "out")).manifest
    assert (manifest.partial, manifest.repairs, manifest.records_of("personas")) == ({}, 3, 8)
    assert run_build(corpus, tmp_path / "out", flags) == DONE
    assert "nothing is to be done" in capsys.readouterr().out


def test_what_could_not_be_read_is_asked_again_when_told(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.tell(answers={"beehives": ["no persona", "none either", '{"persona": "A beekeeper who waits"}']})
    flags = [*paying(server, tmp_path), "--expand_hops", "0", "--max_lost", "0.2"]
    corpus = corpus_of(tmp_path, 8)
    assert run_build(corpus, tmp_path / "out", flags) == DONE
    capsys.readouterr()
    assert run_build(corpus, tmp_path / "out", flags) == DONE
    assert "complete, but for 1 question without an answer (malformed 1)" in capsys.readouterr().out
    assert [one["reason"] for one in dead_letters(tmp_path / "out")] == ["malformed"]
    calls = server.counts()["calls"]
    assert run_build(corpus, tmp_path / "out", flags) == DONE
    assert server.counts()["calls"] == calls
    assert run_build(corpus, tmp_path / "out", [*flags, "--retry_malformed", "2"]) == DONE
    manifest = open_hub(str(tmp_path / "out")).manifest
    assert "lost-malformed" not in manifest.counts["extract_persona"]
    assert server.counts()["calls"] == calls + 2  # the persona and its sample


def test_no_key_and_no_prompt_is_left_anywhere(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for a dead letter's bounded excerpt, and the response store itself."""
    key = "sk-planted-secret"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    server.tell(key=key)
    corpus, out = corpus_of(tmp_path, 12), tmp_path / "out"
    flags = paying(server, tmp_path)
    assert run_build(corpus, out, [*flags, "--max_calls", "20"]) == BUDGET_SPENT
    batch = [f"--llm=export:{tmp_path / 'requests'}", "--batch_model", "openai:fake"]
    assert run_build(corpus, out, batch) == BUDGET_SPENT
    said = "".join(capsys.readouterr())
    files = [file for file in out.rglob("*") if file.is_file() and "responses.sqlite" not in file.name]
    assert files
    for text in [said, *(file.read_bytes().decode("latin-1") for file in files)]:
        assert key not in text
        assert "What stands between" not in text
    for file in (tmp_path / "requests").iterdir():
        assert key not in file.read_text()


def test_export_from_two_processes(server: FakeServer, tmp_path: Path) -> None:
    corpus, requests = corpus_of(tmp_path, 500), tmp_path / "requests"
    flags = [f"--llm=export:{requests}", "--batch_model", "openai:fake", "--expand_hops", "0"]
    workers = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    assert run_build(corpus, tmp_path / "out", [*flags, *workers]) == BUDGET_SPENT
    [file] = requests.iterdir()
    assert len(set(file.read_text().splitlines())) == 500


def test_a_server_that_goes_away_leaves_a_partial_hub_and_the_same_command_goes_on(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, flags = corpus_of(tmp_path, 8), [*paying(server, tmp_path), "--call_attempts", "1"]
    server.tell(faults={"500": 0.5})
    assert run_build(corpus, tmp_path / "out", flags) == BUDGET_SPENT
    assert "without an answer from the server" in capsys.readouterr().out
    first = open_hub(str(tmp_path / "out")).manifest
    assert first.partial.keys() == {"http-500"}
    server.tell(faults={})
    assert run_build(corpus, tmp_path / "out", flags) == DONE
    assert run_build(corpus, tmp_path / "whole", flags) == DONE
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    read = read_table(open_hub(str(tmp_path / "out")), "documents", DocumentOutcome)
    assert {row.outcome for row in read} == {"document"}


@pytest.mark.parametrize(
    ("reason", "open_still"),
    [
        ("budget-exhausted", True),
        ("connection", True),
        ("http-429", True),
        ("http-529", True),
        ("http-400", False),  # the same question would be refused again
        ("malformed", False),  # asked again with a higher --retry_malformed
        ("too-short", False),
    ],
)
def test_which_questions_another_run_may_ask_again(reason: str, open_still: bool) -> None:
    assert unanswered(reason) == open_still
