"""The question of a hop: who is in close relationship with this persona? And how an answer becomes a persona."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from persona_hub.transforms.counting.stages import EXPAND_PERSONA
from persona_hub.transforms.llm.parsing import parse_json
from persona_hub.transforms.llm.protocol import Completion, MalformedAnswer, Request, Sampling
from persona_hub.transforms.prompts import Prompt, language_told, load_prompt
from persona_hub.transforms.records import Persona, excerpt, persona_id

RELATION_SCHEMA = (
    '{"type":"object","properties":{"relation":{"type":"string"},"persona":{"type":"string"}},'
    '"required":["relation","persona"],"additionalProperties":false}'
)
RELATION_CHARACTERS = 80


def expand_prompt(prompt_dir: str = "") -> Prompt:
    """The prompt of this step, packaged or the user's own. Raises PromptError."""
    return load_prompt(EXPAND_PERSONA, frozenset({"persona", "language"}), prompt_dir, required=frozenset({"persona"}))


@dataclass(frozen=True)
class RelationTask:
    """Persona -> questions; answer -> related persona of hop `hop`."""

    hop: int
    per_persona: int
    prompt: Prompt
    sampling: Sampling

    def requests(self, persona: Persona) -> list[Request]:
        """The same question `per_persona` times, told apart by its number."""
        values = {"persona": persona.text, "language": language_told(persona.language)}
        system, user = self.prompt.render(values)
        question = Request(
            task=self.prompt.name,
            system=system,
            prompt=user,
            prompt_hash=self.prompt.prompt_hash,
            sampling=self.sampling,
            schema=RELATION_SCHEMA,
            values=values,
            subject=persona.persona_id,
        )
        return [replace(question, number=number) for number in range(self.per_persona)]

    def parse(self, persona: Persona, request: Request, completion: Completion, model: str) -> Persona:
        """The related persona. Raises MalformedAnswer where the answer holds none."""
        answer = parse_json(completion.text, RELATION_SCHEMA, check_relation, self.prompt.text)
        text = " ".join(answer["persona"].split())
        return Persona(
            persona_id=persona_id(text),
            text=text,
            origin="relation",
            hop=self.hop,
            parent_id=persona.persona_id,
            relation=excerpt(" ".join(answer["relation"].split()), RELATION_CHARACTERS),
            document_id=persona.document_id,
            source=persona.source,
            language=persona.language,
            model=model,
            prompt_hash=request.prompt_hash,
        )

    def key(self, persona: Persona) -> str:
        """Id of the persona that was asked about."""
        return persona.persona_id


def check_relation(answer: dict[str, Any]) -> None:
    """Raises MalformedAnswer for a persona or a relation without a word."""
    for name in ("persona", "relation"):
        if not answer[name].strip():
            raise MalformedAnswer(f"{name!r} is empty")
