"""A purge goes through rejected samples, too, and through the data sets that were made."""

from __future__ import annotations

from pathlib import Path

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.reading import read_manifest_files
from persona_hub.transforms.hub.versions import runs_in
from persona_hub.transforms.purge.erasure import Erasure
from persona_hub.transforms.purge.runs import purge_runs
from persona_hub.transforms.records import Rejected
from tests.helpers.data_sets.made import PERSONAS, math, rejected_of_math, write_hub, write_run


def test_rejected_samples_of_those_erased_are_gone_and_the_others_stay(tmp_path: Path) -> None:
    hub = str(tmp_path)
    write_hub(hub)
    rejected = rejected_of_math()
    write_run(hub, "math", [math(one, n) for n, one in enumerate(PERSONAS)], rejected)
    assert main(["export", "--hub", hub, "--form", "preference"]) == DONE
    nobody = "f" * 32
    gone = PERSONAS[0].persona_id

    def erase(persona: str) -> list[str]:
        erasure = Erasure(frozenset(), frozenset(), frozenset({persona}), frozenset())
        return purge_runs(hub, erasure, 0.0).exports

    assert erase(nobody) == []
    assert len(erase(gone)) == 1
    [(_, run)] = runs_in(hub)
    left = list(read_manifest_files(hub, run, "rejected", Rejected))
    assert sorted((one.persona_id, one.number, one.reason) for one in left) == sorted(
        (one.persona_id, one.number, one.reason) for one in rejected if one.persona_id != gone
    )
    assert not [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and gone.encode() in path.read_bytes() and path.suffix == ".jsonl"
    ]
