r"""An answer with a backslash that can be read in two ways is asked for once more, with what was wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.protocol import Completion, Request
from persona_hub.transforms.synthesis.form import TEXT, closed_object
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesis.use_cases import load_use_case
from tests.helpers.asking import Answer, ask
from tests.material.personas import persona
from tests.servers.models.launch import FakeServer

SCHEMA = closed_object({"problem": TEXT, "answer": TEXT})


@dataclass(frozen=True)
class Problem:
    """The mathematical problem of a persona, as the step reads it."""

    use_case: UseCase = field(default_factory=lambda: replace(load_use_case("math"), schema=json.dumps(SCHEMA)))

    def requests(self, record: str) -> list[Request]:
        return [self.use_case.request(persona(record))]

    def parse(self, record: str, request: Request, completion: Completion, model: str) -> Answer:
        return Answer(record, request.number, self.use_case.read(completion.text))

    def key(self, record: str) -> str:
        return record


def test_a_doubtful_backslash_is_asked_about(server: FakeServer, model: ModelConfig) -> None:
    bent, whole = r'{"problem": "Double 2\nu.", "answer": "4"}', r'{"problem": "Double 2\\nu.", "answer": "4"}'
    server.tell(answers={"A piano tuner": [bent, whole]})
    answers, dead = ask(["A piano tuner"], model, Problem())
    assert ([answer.text for answer in answers], dead) == (["Double 2\\nu.\n\nAnswer: 4"], [])
    assert "write each backslash" in json.dumps(server.stats()["last"])
    assert server.counts()["calls"] == 2


def test_what_stays_doubtful_is_lost(server: FakeServer, model: ModelConfig) -> None:
    server.tell(answer='{"problem": "See C:\\\\ndir for it, a\\fb.", "answer": "4"}')
    answers, dead = ask(["A piano tuner"], model, Problem())
    assert not answers
    assert [(letter.reason, letter.detail[:27]) for letter in dead] == [("malformed", "a backslash is not doubled:")]


def test_thoughts_and_single_backslashes_are_read_at_once(server: FakeServer, model: ModelConfig) -> None:
    draft, text = (
        '{"problem": "A draft", "answer": "0"}',
        r'{"problem": "Find \frac{2}{3} of \theta.", "answer": "\beta"}',
    )
    server.tell(answer=f"[THINK]Perhaps {draft}?[/THINK]{text}")
    answers, dead = ask(["A piano tuner"], model, Problem())
    assert ([answer.text for answer in answers], dead) == (["Find \\frac{2}{3} of \\theta.\n\nAnswer: \\beta"], [])
    assert server.counts()["calls"] == 1
