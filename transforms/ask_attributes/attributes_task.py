"""The question what a persona's text says of it, and how an answer becomes a row of attributes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from persona_hub.transforms.attributes import EDUCATIONS, LIFE_STAGES, SENIORITIES, UNSPECIFIED
from persona_hub.transforms.counting.stages import ASK_ATTRIBUTES
from persona_hub.transforms.llm.parsing import parse_json
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Request, Sampling
from persona_hub.transforms.prompts import Prompt, load_prompt
from persona_hub.transforms.records import Attributes, Persona

FIELDS = ("occupation", "occupation_unit", "seniority", "life_stage", "country", "education")
VALUES = {"seniority": SENIORITIES, "life_stage": LIFE_STAGES, "education": EDUCATIONS}
PATTERNS = {"occupation": r"[0-9]", "occupation_unit": r"0[1-3]10|[1-9]\d{3}", "country": r"[A-Z]{2}"}
ATTRIBUTES_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            name: {"type": "string", "enum": [*VALUES[name], UNSPECIFIED]} if name in VALUES else {"type": "string"}
            for name in FIELDS
        },
        "required": list(FIELDS),
        "additionalProperties": False,
    }
)


def attributes_prompt(prompt_dir: str = "") -> Prompt:
    """The prompt of this step, packaged or the user's own. Raises PromptError."""
    return load_prompt(ASK_ATTRIBUTES, frozenset({"persona", "language"}), prompt_dir, required=frozenset({"persona"}))


@dataclass(frozen=True)
class AttributesTask:
    """Persona -> one question; answer -> its row of attributes."""

    prompt: Prompt
    sampling: Sampling

    def requests(self, persona: Persona) -> list[Request]:
        """The question."""
        values = {"persona": persona.text, "language": persona.language}
        system, user = self.prompt.render(values)
        return [
            Request(
                task=self.prompt.name,
                system=system,
                prompt=user,
                prompt_hash=self.prompt.prompt_hash,
                sampling=self.sampling,
                schema=ATTRIBUTES_SCHEMA,
                values=values,
                subject=persona.persona_id,
            )
        ]

    def parse(self, persona: Persona, request: Request, completion: Completion, model: str) -> Attributes:
        """The row. Raises MalformedAnswer for a value that there is not."""
        answer = parse_json(completion.text, ATTRIBUTES_SCHEMA, check_attributes, self.prompt.text)
        said = {name: answer[name] for name in FIELDS}
        if said["occupation"] == UNSPECIFIED and said["occupation_unit"] != UNSPECIFIED:
            said["occupation"] = said["occupation_unit"][0]
        return Attributes(persona_id=persona.persona_id, language=persona.language, given="", **said)

    def key(self, persona: Persona) -> str:
        """Id of the persona."""
        return persona.persona_id


def check_attributes(answer: dict[str, Any]) -> None:
    """Raises MalformedAnswer for codes of another form, and for a unit group outside of the major group."""
    for name, pattern in PATTERNS.items():
        if answer[name] != UNSPECIFIED and not re.fullmatch(pattern, answer[name]):
            raise MalformedAnswer(f"{name!r} is neither a code nor {UNSPECIFIED!r}")
    major, unit = answer["occupation"], answer["occupation_unit"]
    if UNSPECIFIED not in (major, unit) and major != unit[0]:
        raise MalformedAnswer("'occupation' is not the first digit of 'occupation_unit'")
