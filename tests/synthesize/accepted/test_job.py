"""Whole jobs of `synthesize --accepted N` against a server that is right in a share that is told."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, FAILED
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.hub.reading import read_manifest_files
from persona_hub.transforms.hub.versions import list_runs
from persona_hub.transforms.records import Rejected, Sample
from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.synthesize.accepted.wanted import PILOT
from tests.helpers.hubs import write_personas
from tests.helpers.jobs import Forker
from tests.helpers.paid import IN_FLIGHT, paying, spend
from tests.material.personas import persona
from tests.servers.models.launch import FakeServer
from tests.servers.models.problems import answer_to

WANTED, PEOPLE = 60, 300
FEWER, FEW = 30, 40  # wanted of a few people
RIGHT = 0.6  # of the server's answers
STAGE = "synthesize_math"
FOREVER = 600.0  # seconds that a call takes whose client will be killed


@dataclass(frozen=True)
class Made:
    """What a run has made of a use case, in the order in which its questions were asked."""

    manifest: RunManifest
    kept: list[Sample]
    rejected: list[Rejected]

    @property
    def right(self) -> list[tuple[int, str]]:
        """The places of all samples, kept or not, whose stated answer is right."""
        return sorted(place(one) for one in (*self.kept, *self.rejected) if is_right(one))


def place(sample: Sample) -> tuple[int, str]:
    """Where its question stands: the first sample of every persona before the second of any."""
    return sample.number, sample.persona_id


def is_right(sample: Sample) -> bool:
    """What an oracle says, which reads the problem alone and runs no program."""
    fields = json.loads(sample.fields)
    return bool(fields["answer"] == answer_to(fields["problem"]))


def made(output: Path, use_case: str = "math") -> Made:
    [manifest] = [run for name, run in list_runs(str(output)) if name == use_case]
    kept = sorted(read_manifest_files(str(output), manifest, "samples", Sample), key=place)
    return Made(manifest, kept, sorted(read_manifest_files(str(output), manifest, "rejected", Rejected), key=place))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Personas without samples, a few of them of hop 0."""
    people = (persona(f"A keeper of lighthouse {i} who mends its clock", hop=int(i >= FEW)) for i in range(PEOPLE))
    return write_personas(tmp_path_factory.mktemp("hub"), people)


def command(hub: Path, output: Path, server: FakeServer, flags: Sequence[str] = ()) -> list[str]:
    wanted = ["--use_case", "math", "--accepted", str(WANTED), "--max_in_flight", str(IN_FLIGHT)]
    output.mkdir(exist_ok=True)
    return ["synthesize", "--hub", str(hub), "--output", str(output), *paying(server, output.parent), *wanted, *flags]


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing disturbed, its folder, and what it cost."""

    output: Path
    made: Made
    calls: int
    dollars: float


@pytest.fixture(scope="module")
def undisturbed(hub: Path, running_server: FakeServer, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    running_server.tell(right=RIGHT)
    assert main(command(hub, output, running_server)) == DONE
    dollars = spend(output)[STAGE].cost / 1e9
    return Undisturbed(output, made(output), running_server.counts()["calls"], dollars)


def test_exactly_so_many_are_kept_and_all_are_right(undisturbed: Undisturbed) -> None:
    found = undisturbed.made
    assert len(found.kept) == WANTED
    assert [place(one) for one in found.kept] == found.right[:WANTED]
    assert {one.proof.kind for one in found.kept} == {"program"}
    reasons = {place(one): one.reason for one in found.rejected}
    surplus = found.right[WANTED:]
    assert reasons == {place(one): "program-disagreed" for one in found.rejected} | dict.fromkeys(surplus, "surplus")
    assert len(surplus) < WANTED / 2
    assert found.manifest.accepted == WANTED
    assert found.manifest.candidates == undisturbed.calls == len(found.kept) + len(found.rejected)
    assert found.manifest.rejected == Counter(one.reason for one in found.rejected)


def test_the_same_command_again_does_nothing(hub: Path, undisturbed: Undisturbed, server: FakeServer) -> None:
    before = sorted(undisturbed.output.rglob("*"))
    assert main(command(hub, undisturbed.output, server)) == DONE
    assert server.counts()["calls"] == 0
    assert sorted(undisturbed.output.rglob("*")) == before


def test_killed_twice_it_ends_with_the_same_and_buys_no_answer_twice(
    hub: Path, undisturbed: Undisturbed, server: FakeServer, forker: Forker, tmp_path: Path
) -> None:
    server.tell(right=RIGHT)
    output, told = tmp_path / "out", command(hub, tmp_path / "out", server)
    for answered in (WANTED // 2, WANTED + 20):  # amid the pilot, and amid the round after it
        server.say([{"after": answered - server.counts()["prompts"], "latency": FOREVER}])
        job = forker.start(told)
        while stored(output) < answered:
            assert job.poll() is None, job.errors
            time.sleep(0.05)
        job.kill()
        job.wait()
        let_claims_lapse(output)
    server.say([])
    job = forker.start(told)
    assert job.wait() == DONE, job.errors
    found = made(output)
    assert found.kept == undisturbed.made.kept
    assert found.rejected == undisturbed.made.rejected
    counts = server.counts()
    assert (counts["prompts"], counts["repeated"]) == (undisturbed.calls, 0)
    assert counts["calls"] <= undisturbed.calls + 2 * IN_FLIGHT


def stored(output: Path) -> int:
    """How many answers are kept."""
    if not (output / "responses.sqlite").exists():
        return 0
    return spend(output).get(STAGE, Spend()).calls


def let_claims_lapse(output: Path) -> None:
    """What a killed process had claimed is free when it has not been heard of for 15 seconds: as if they were over."""
    with sqlite3.connect(output / "responses.sqlite") as store:
        store.execute("UPDATE alive SET until = 1")


def test_a_budget_buys_what_it_can_and_with_more_the_run_goes_on(
    hub: Path, undisturbed: Undisturbed, server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.tell(right=RIGHT)
    output, budget = tmp_path / "out", round(0.4 * undisturbed.dollars, 2)
    assert main(command(hub, output, server, ["--max_cost_usd", str(budget)])) == BUDGET_SPENT
    part, bought = made(output), server.counts()["calls"]
    assert 0.2 * undisturbed.dollars < spend(output)[STAGE].cost / 1e9 <= budget
    assert len(part.kept) + len(part.rejected) == bought < undisturbed.calls
    assert [place(one) for one in part.kept] == part.right
    assert f"math: {len(part.kept)} of {WANTED} accepted: questions were left" in capsys.readouterr().out
    more = ["--max_cost_usd", str(2 * undisturbed.dollars)]
    assert main(command(hub, output, server, more)) == DONE
    assert made(output).kept == undisturbed.made.kept
    assert made(output).rejected == undisturbed.made.rejected
    counts = server.counts()
    assert (counts["calls"], counts["repeated"]) == (undisturbed.calls, 0)
    assert main(command(hub, output, server, more)) == DONE
    assert server.counts() == counts


def test_candidates_that_are_used_up(
    hub: Path, undisturbed: Undisturbed, server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    most, store = WANTED + 20, f"sqlite:{undisturbed.output}/responses.sqlite"
    told = command(hub, tmp_path / "out", server, ["--candidates", str(most), "--response_store", store])
    assert main(told) == BUDGET_SPENT
    found = made(tmp_path / "out")
    assert found.manifest.candidates == len(found.kept) + len(found.rejected) == most
    assert [place(one) for one in found.kept] == found.right == undisturbed.made.right[: len(found.kept)]
    why = f"math: {len(found.kept)} of {WANTED} accepted: --candidates {most} are used up; name more"
    assert why in capsys.readouterr().out
    assert main(told) == BUDGET_SPENT
    assert why in capsys.readouterr().out
    assert server.counts()["calls"] == 0  # all of them had been asked before


def test_where_none_is_right_it_stops_after_the_pilot(
    hub: Path, server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.tell(right=0.0)
    told = command(hub, tmp_path / "out", server)
    for _ in range(2):  # the second time all is done, and the same is said
        assert main(told) == FAILED
        assert server.counts()["calls"] == PILOT < PEOPLE
        assert f"math: 0 of {WANTED} accepted: none of the first {PILOT} answers passed" in capsys.readouterr().out
    assert made(tmp_path / "out").manifest.rejected == {"program-disagreed": PILOT}


def test_two_use_cases_and_two_samples_of_a_persona(hub: Path, server: FakeServer, tmp_path: Path) -> None:
    server.tell(right=RIGHT, drawing=True)
    both = ["--use_case", "math,logical_reasoning", "--samples_per_persona", "2", "--where", "hop=0"]
    assert main(command(hub, tmp_path / "out", server, ["--accepted", str(FEWER), *both])) == DONE
    for use_case, proof in (("math", "program"), ("logical_reasoning", "search")):
        found = made(tmp_path / "out", use_case)
        assert len(found.kept) == FEWER
        assert [place(one) for one in found.kept] == found.right[:FEWER]
        assert {one.proof.kind for one in found.kept} == {proof}
        asked = Counter(one.number for one in (*found.kept, *found.rejected))
        assert asked[0] == FEW > asked[1] > 0  # of every persona the first, before the second of any
        assert all(one.reason == "surplus" for one in found.rejected if is_right(one))
