"""Whole jobs with votes and judges against servers: what is kept is what the promises say, and an oracle knows it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.judging.agreement import agreement_in
from persona_hub.transforms.judging.gold import agreement_with, read_gold
from persona_hub.transforms.judging.judge_task import judge_prompt, score_of
from persona_hub.transforms.records import Proof
from tests.helpers.checks.oracle import DRAWS, MATH, RIGHT, RUBRIC, SOLVES, Made, made, points_of, votes
from tests.helpers.hubs import dead_letters, write_personas
from tests.helpers.paid import paying, spend
from tests.material.personas import persona
from tests.servers.models.launch import FakeServer

PEOPLE, LEAST = 40, 0.5
VOTED = ["--verify", f"vote:2/{DRAWS}"]
JUDGE_FILE = """
llm: openai:judge
llm_base_url: {url}
temperature: 0
retry_malformed: 0
models: [{{model: "openai:judge", input: 300, output: 700}}]
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    people = (persona(f"A keeper of lighthouse {i} who mends its clock") for i in range(PEOPLE))
    return write_personas(tmp_path_factory.mktemp("hub"), people)


@pytest.fixture(scope="module")
def judge_server() -> Iterator[FakeServer]:
    """A server of its own for the judge."""
    with FakeServer() as running:
        yield running


def command(hub: Path, output: Path, server: FakeServer, flags: Sequence[str]) -> list[str]:
    output.mkdir(exist_ok=True)
    own = ["--use_case", "math", "--max_in_flight", "8", *paying(server, output.parent)]
    return ["synthesize", "--hub", str(hub), "--output", str(output), *own, *flags]


@dataclass(frozen=True)
class Judged:
    """A run with votes and a judge, and what it said."""

    output: Path
    flags: list[str]
    made: Made
    calls: tuple[int, int]  # of the server, of the judge's
    body: dict[str, object]  # of a question to the judge
    said: str


@pytest.fixture(scope="module")
def judged(
    hub: Path, running_server: FakeServer, judge_server: FakeServer, tmp_path_factory: pytest.TempPathFactory
) -> Judged:
    folder = tmp_path_factory.mktemp("judged")
    (folder / "judge.yaml").write_text(JUDGE_FILE.format(url=judge_server.url))
    gold = [
        {"persona_id": persona(f"A keeper of lighthouse {i} who mends its clock").persona_id, "verdict": i % 2}
        for i in range(PEOPLE)
    ]
    (folder / "gold.jsonl").write_text("\n".join(map(json.dumps, gold)))
    running_server.tell(right=RIGHT, solves=SOLVES, drawing=True)
    flags = [*VOTED, "--judge", f"{folder}/judge.yaml", "--min_score", str(LEAST)]
    flags += ["--judge_gold", f"{folder}/gold.jsonl"]
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("persona_hub.pipelines.synthesize.say", lambda text, **_: said.append(text))
        assert main(command(hub, folder / "out", running_server, flags)) == DONE
    calls = running_server.counts()["calls"], judge_server.counts()["calls"]
    body = judge_server.bodies()[-1]
    return Judged(folder / "out", flags, made(folder / "out", "openai:judge"), calls, body, "\n".join(said))


def test_what_the_votes_and_the_judge_promise_is_kept(judged: Judged) -> None:
    found = judged.made
    assert len(found.answered) == PEOPLE
    for one in found.answered:
        agreed = votes(one)
        if agreed < 2:
            assert found.rejected[one.persona_id].reason == "votes-disagreed"
            assert found.rejected[one.persona_id].detail.startswith(f"{agreed} of 3 answers agree with ")
            assert not one.scores
            continue
        assert one.proof == Proof(f"vote:2/{DRAWS}", "", MATH.answer_of(one), agreed)
        given = points_of(one)
        scores = json.loads(one.scores)
        assert (scores["judge"], scores["score"]) == ("openai:judge", RUBRIC.score(given))
        assert scores["points"] == given
        if RUBRIC.score(given) >= LEAST:
            assert one.persona_id in found.kept
        else:
            assert found.rejected[one.persona_id].reason == "below-min-score"
    assert len(found.kept) > 3
    assert {one.reason for one in found.rejected.values()} == {"votes-disagreed", "below-min-score"}


def test_all_votes_are_asked_for_and_what_they_reject_is_not_judged(judged: Judged) -> None:
    passed = sum(bool(one.scores) for one in judged.made.answered)
    assert judged.calls == (PEOPLE * (1 + DRAWS), passed)
    counts = judged.made.manifest.counts
    assert counts["verify_math"] == {"asked": PEOPLE * DRAWS, "answered": PEOPLE * DRAWS}
    assert (counts["judge_math"]["asked"], counts["judge_math"]["answered"]) == (passed, passed)


def test_the_judge_is_asked_at_its_own_server_as_its_file_says(judged: Judged) -> None:
    assert (judged.body["model"], judged.body["temperature"]) == ("judge", 0)
    found = spend(judged.output)["judge_math"]
    assert found.calls == judged.calls[1]
    assert found.cost == 300_000 * found.input_tokens + 700_000 * found.output_tokens  # billionths of a dollar


def test_manifest_and_summary_tell_of_the_judge_and_how_far_it_agrees_with_people(judged: Judged) -> None:
    manifest, rows = judged.made.manifest, judged.made.answered
    agreement = agreement_with(read_gold(judged.flags[-1]), rows, LEAST)
    assert agreement.samples == judged.calls[1]
    assert agreement_in(manifest.counts["judge_math"]) == agreement
    assert manifest.judged == {
        "judge": "openai:judge",
        "remark": manifest.checks["judge"]["remark"],
        "samples": judged.calls[1],
        **agreement.told,
    }
    assert manifest.models == {"llm": "openai:fake", "judge": "openai:judge"}
    assert manifest.checks["verify"] == "vote:2/3"
    assert manifest.checks["judge"]["prompt"] == judge_prompt(RUBRIC).prompt_hash
    low = manifest.rejected["below-min-score"]
    told = f"judge openai:judge: {judged.calls[1]} samples judged, {low} below --min_score {LEAST}; {agreement}"
    assert told in judged.said
    assert "whether the judge openai:judge is of the family of openai:fake is unknown" in judged.said
    dollars = manifest.usage["judge_math"]["cost_usd"]
    assert f"of that judge {judged.calls[1]} calls, " in judged.said
    assert f"{dollars:,.2f} US dollars" in judged.said
    assert f"verify math{'':17}{PEOPLE * DRAWS:>10,} asked" in judged.said


def test_the_same_command_again_asks_nothing(
    judged: Judged, hub: Path, server: FakeServer, judge_server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(judged.output.rglob("*"))
    assert main(command(hub, judged.output, server, judged.flags)) == DONE
    assert (server.counts()["calls"], judge_server.counts()["calls"]) == (0, judged.calls[1])
    assert sorted(judged.output.rglob("*")) == before
    agreement = agreement_in(judged.made.manifest.counts["judge_math"])
    assert f"math: judge openai:judge: {agreement}" in capsys.readouterr().out


def test_another_judge_is_another_run_whose_lost_answers_are_told(
    judged: Judged, hub: Path, server: FakeServer, judge_server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = min(judged.made.kept)
    text = judged.made.kept[lost].persona
    file = judged.output.parent / "other.yaml"
    file.write_text(JUDGE_FILE.format(url=judge_server.url).replace("openai:judge", "openai:fake-judge"))
    judge_server.tell(script=[{"word": text, "text": "no idea"}])
    flags = [*VOTED, "--judge", str(file), "--min_score", str(LEAST)]
    assert main(command(hub, judged.output, server, flags)) == DONE
    judge_server.tell()
    assert server.counts()["calls"] == 0  # problems and votes are kept
    found = made(judged.output, "openai:fake-judge")
    assert found.manifest.run != judged.made.manifest.run
    assert found.kept.keys() == judged.made.kept.keys() - {lost}
    assert lost not in found.rejected
    [letter] = dead_letters(judged.output)
    assert (letter["stage"], letter["reason"], letter["key"]) == ("judge_math", "malformed", lost)
    counts = found.manifest.counts
    assert counts["judge_math"]["lost-malformed"] == counts["check_math"]["unchecked"] == 1
    assert counts["check_math"]["samples"] == PEOPLE == len(found.answered) + 1
    said = capsys.readouterr().out
    assert f"dead letters{'':8}{judged.output}/dead_letters/{found.manifest.run}  (1)" in said
    assert "1 malformed" in said
    assert "1 unchecked" in said


def test_a_judge_that_gives_no_answer_leaves_the_run_partial(
    judged: Judged, hub: Path, server: FakeServer, judge_server: FakeServer
) -> None:
    silent = min(judged.made.kept)
    text = judged.made.kept[silent].persona
    file = judged.output.parent / "silent.yaml"
    judge = JUDGE_FILE.format(url=judge_server.url).replace("openai:judge", "openai:silent-judge")
    file.write_text(f"{judge}call_attempts: 1\n")
    judge_server.tell(script=[{"word": text, "status": 500}])
    flags = [*VOTED, "--judge", str(file), "--min_score", str(LEAST)]
    assert main(command(hub, judged.output, server, flags)) == BUDGET_SPENT
    part = made(judged.output, "openai:silent-judge")
    assert part.manifest.partial == {"http-500": 1}
    assert part.manifest.counts["check_math"]["unchecked"] == 1
    assert part.kept.keys() == judged.made.kept.keys() - {silent}
    judge_server.tell()
    assert main(command(hub, judged.output, server, flags)) == DONE
    whole = made(judged.output, "openai:silent-judge")
    assert whole.kept.keys() == judged.made.kept.keys()
    assert whole.manifest.replaces == part.manifest.run
    assert (server.counts()["calls"], judge_server.counts()["calls"]) == (0, 1)


def test_an_independent_answer_decides_alone_and_the_offline_judge_is_for_nothing(
    judged: Judged, hub: Path, server: FakeServer, tmp_path: Path
) -> None:
    server.tell(right=RIGHT, solves=SOLVES)
    store = ["--response_store", f"sqlite:{judged.output}/responses.sqlite"]
    flags = ["--verify", "independent", "--judge", "offline", *store]
    assert main(command(hub, tmp_path / "out", server, flags)) == DONE
    found = made(tmp_path / "out", "offline")
    assert len(found.answered) == PEOPLE
    assert {one.reason for one in found.rejected.values()} == {"independent-disagreed"}
    for one in found.kept.values():
        assert one.proof == Proof("independent", "", MATH.answer_of(one), 1)
        assert json.loads(one.scores)["judge"] == "offline"
        assert score_of(one) is not None
    assert found.kept.keys() <= {one.persona_id for one in judged.made.answered if votes(one)}
    assert found.kept.keys() >= {one.persona_id for one in judged.made.answered if votes(one) == DRAWS}
    assert server.counts()["calls"] == 0, "the first of three votes is the same question"


def test_a_budget_that_ends_amid_a_vote(
    judged: Judged, hub: Path, server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.tell(right=RIGHT, solves=SOLVES, drawing=True)
    output, bought = tmp_path / "out", PEOPLE + PEOPLE * DRAWS // 2
    limited = [*VOTED, "--budget_shares", "none", "--max_calls"]
    assert main(command(hub, output, server, [*limited, str(bought)])) == BUDGET_SPENT
    part = made(output)
    assert server.counts()["calls"] == bought
    assert part.manifest.partial == {"budget-exhausted": PEOPLE * (1 + DRAWS) - bought}
    unchecked = part.manifest.counts["check_math"]["unchecked"]
    assert unchecked == PEOPLE - len(part.answered) > 0
    for one in part.answered:
        assert (one.persona_id in part.kept) == (votes(one) >= 2)
    assert f"{unchecked} unchecked" in capsys.readouterr().out
    assert main(command(hub, output, server, [*limited, "1000"])) == DONE
    whole = made(output)
    assert whole.kept.keys() == {one.persona_id for one in judged.made.answered if votes(one) >= 2}
    assert Counter(one.reason for one in whole.rejected.values()) == {"votes-disagreed": PEOPLE - len(whole.kept)}
    assert server.counts()["calls"] == PEOPLE * (1 + DRAWS)
    assert main(command(hub, output, server, [*limited, "1000"])) == DONE
    assert server.counts()["calls"] == PEOPLE * (1 + DRAWS)
