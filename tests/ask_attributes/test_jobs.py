"""Attributes that a model reads are paid for as all answers are: within the budget, and once."""

from __future__ import annotations

from pathlib import Path

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Attributes
from tests.helpers.paid import corpus_of, paying, run_build
from tests.servers.models.launch import FakeServer

STAGE = "ask_attributes"


def rows(output: Path) -> list[Attributes]:
    return sorted(read_table(open_hub(str(output)), "attributes", Attributes), key=lambda row: row.persona_id)


def test_attributes_of_a_model_stay_within_the_budget_and_are_paid_for_once(server: FakeServer, tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, 10)
    flags = [*paying(server, tmp_path), "--attributes", "model", "--expand_hops", "0"]
    part = [*flags, "--max_calls", "14"]
    assert run_build(corpus, tmp_path / "out", part) == BUDGET_SPENT
    first = open_hub(str(tmp_path / "out")).manifest
    kept = first.counts["embed_dedup"]["kept"]
    assert 0 < first.counts[STAGE]["answered"] < kept == first.counts[STAGE]["asked"] == len(rows(tmp_path / "out"))
    assert run_build(corpus, tmp_path / "out", flags) == DONE
    second = open_hub(str(tmp_path / "out")).manifest
    assert second.counts[STAGE]["answered"] == second.records_of("attributes") == len(rows(tmp_path / "out"))
    paid = server.counts()["paid"]
    assert paid == sum(used["calls"] for used in second.usage.values())
    assert second.prompts[STAGE]
    assert run_build(corpus, tmp_path / "out", flags) == DONE
    assert server.counts()["paid"] == paid
