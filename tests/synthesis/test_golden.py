"""Golden files: good and bad answers of a server, and what exactly is kept of them, with which proof, and why not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.protocol import Completion, Request
from persona_hub.transforms.records import Persona
from persona_hub.transforms.synthesis.rejection import RejectedSample
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesis.use_cases import USE_CASE_NAMES, load_use_case
from persona_hub.transforms.synthesize.synthesize import SynthesizeTask
from tests.helpers.asking import Answer, ask
from tests.material.personas import persona
from tests.servers.models.launch import FakeServer

LEAST_ANSWERS = 25


def asked_with(record: str) -> Persona:
    """A persona of its own for each answer."""
    return persona(f"A clockmaker of tower {record}x")


@dataclass(frozen=True)
class Checked:
    """The samples of a use case, and what its checks say of each."""

    use_case: UseCase

    @property
    def task(self) -> SynthesizeTask:
        return SynthesizeTask(use_case=self.use_case, samples_per_persona=1, sampling=None)

    def requests(self, record: str) -> list[Request]:
        return self.task.requests(asked_with(record))

    def parse(self, record: str, request: Request, completion: Completion, model: str) -> Answer:
        sample = self.task.parse(asked_with(record), request, completion, model)
        try:
            for check in self.use_case.checks:
                sample = check(sample)
        except RejectedSample as rejected:
            return Answer(record, request.number, f"rejected {rejected.reason}")
        return Answer(record, request.number, f"kept {sample.proof.kind}")

    def key(self, record: str) -> str:
        return record


@pytest.mark.parametrize("name", USE_CASE_NAMES)
def test_exactly_what_the_checks_promise_is_kept(name: str, server: FakeServer) -> None:
    model = ModelConfig(name="openai:some-model", base_url=server.url, timeout=20)
    file = Path(__file__).parent / name / "golden.jsonl"
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert len(rows) >= LEAST_ANSWERS
    keys = [f"n{number:03d}" for number in range(len(rows))]
    server.tell(answers={f"tower {key}x": [row["answer"]] * 3 for key, row in zip(keys, rows, strict=True)})
    answers, dead = ask(keys, model, Checked(load_use_case(name)))
    found = {answer.record: answer.text for answer in answers} | {
        letter.key: f"rejected {letter.reason}" for letter in dead
    }
    wanted = {
        key: f"kept {row['proof']}" if row["kept"] else f"rejected {row['reason']}"
        for key, row in zip(keys, rows, strict=True)
    }
    shown = {key: rows[keys.index(key)]["answer"][:200] for key in keys if found.get(key) != wanted[key]}
    assert found == wanted, shown
