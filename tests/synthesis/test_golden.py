"""Golden files: good and bad answers of a server, what exactly a run keeps of them, by which proof, and why not."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.reading import read_manifest_files
from persona_hub.transforms.hub.versions import list_runs
from persona_hub.transforms.records import Persona, Rejected, Sample
from persona_hub.transforms.synthesis.use_cases import USE_CASE_NAMES
from tests.helpers.hubs import write_personas
from tests.helpers.paid import paying
from tests.material.personas import persona
from tests.servers.models.launch import FakeServer

LEAST_ANSWERS = 25
Row = dict[str, Any]  # answer, kept, reason, detail, proof


def rows_of(name: str) -> list[Row]:
    """The answers about a use case, and what becomes of each."""
    file = Path(__file__).parent / name / "golden.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


GOLDEN = {name: rows_of(name) for name in USE_CASE_NAMES}
MOST_ANSWERS = max(map(len, GOLDEN.values()))


def asked_with(number: int) -> Persona:
    """The persona of the answers of a number; of two answers that are alike the one of the lower number stays."""
    return replace(persona(f"A clockmaker of tower n{number:03d}x"), persona_id=f"{number:010x}{0:022x}")


@pytest.fixture(scope="module")
def run(running_server: FakeServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run of all use cases. A persona that a file has no answer for gets the server's own, and is not looked at."""
    folder = tmp_path_factory.mktemp("golden")
    script = [
        {"word": f"tower n{number:03d}x", "holds": f"response_format.json_schema.name={name}", "text": row["answer"]}
        for name, rows in GOLDEN.items()
        for number, row in enumerate(rows)
    ]
    running_server.tell(script=script)
    hub = write_personas(folder / "hub", map(asked_with, range(MOST_ANSWERS)))
    command = ["synthesize", "--hub", str(hub), "--output", str(folder / "out"), "--use_case", "all"]
    assert main([*command, *paying(running_server, folder), "--max_lost", "1"]) == DONE
    return folder / "out"


def number_of(sample: Sample) -> int:
    return int(sample.persona_id[:10], 16)


def outcomes(run: Path, name: str) -> dict[int, Row]:
    """What became of the answer of each number."""
    [made] = [made for use_case, made in list_runs(str(run)) if use_case == name]
    kept = list(read_manifest_files(str(run), made, "samples", Sample))
    rejected = list(read_manifest_files(str(run), made, "rejected", Rejected))
    assert (len(kept), Counter(one.reason for one in rejected)) == (made.accepted, made.rejected)
    assert len(kept) + len(rejected) == made.candidates == MOST_ANSWERS
    return {number_of(one): {"kept": True, "reason": "", "detail": "", "proof": one.proof.kind} for one in kept} | {
        number_of(one): {"kept": False, "reason": one.reason, "detail": one.detail, "proof": one.proof.kind}
        for one in rejected
    }


@pytest.mark.parametrize("name", USE_CASE_NAMES)
def test_exactly_what_the_checks_promise_is_kept(name: str, run: Path) -> None:
    """What is like an earlier answer has passed the checks of its own: it comes with a proof, and is rejected."""
    rows, found = GOLDEN[name], outcomes(run, name)
    assert len(rows) >= LEAST_ANSWERS
    wrong = {
        number: (row, found.get(number))
        for number, row in enumerate(rows)
        if {"answer": row["answer"], **found.get(number, {})} != row
    }
    assert not wrong
