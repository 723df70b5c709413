"""GroundingTask: a judge says whether a persona is supported by the document that it was made of."""

from __future__ import annotations

import json
from dataclasses import dataclass

from persona_hub.transforms.counting.stages import JUDGE_DOCUMENTS
from persona_hub.transforms.judging.judge_task import JUDGE_SAMPLING
from persona_hub.transforms.judging.rubric import COMMENT
from persona_hub.transforms.llm.parsing import parse_json
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling
from persona_hub.transforms.prompts import Prompt, load_prompt

SUPPORTED, INVENTED, CONTRADICTED = "supported", "invented", "contradicted"
GROUNDINGS = (SUPPORTED, INVENTED, CONTRADICTED)
GROUNDING_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {COMMENT: {"type": "string"}, "verdict": {"type": "string", "enum": list(GROUNDINGS)}},
        "required": [COMMENT, "verdict"],
        "additionalProperties": False,
    }
)


def grounding_prompt(prompt_dir: str = "") -> Prompt:
    """The prompt `judge_documents`, packaged or the user's own. Raises PromptError."""
    values = frozenset({"persona", "document"})
    return load_prompt(JUDGE_DOCUMENTS, values, prompt_dir, required=values)


@dataclass(frozen=True)
class PersonaOfDocument:
    """A persona, and the text that it was made of."""

    persona_id: str
    persona: str
    document: str


@dataclass(frozen=True)
class GroundingTask:
    """PersonaOfDocument -> one question; answer -> one of GROUNDINGS."""

    prompt: Prompt
    sampling: Sampling = JUDGE_SAMPLING

    def requests(self, one: PersonaOfDocument) -> list[Request]:
        """The question."""
        values = {"persona": one.persona, "document": one.document}
        system, user = self.prompt.render(values)
        return [
            Request(
                task=JUDGE_DOCUMENTS,
                system=system,
                prompt=user,
                prompt_hash=self.prompt.prompt_hash,
                sampling=self.sampling,
                schema=GROUNDING_SCHEMA,
                values=values,
                subject=one.persona_id,
            )
        ]

    def parse(self, one: PersonaOfDocument, request: Request, completion: Completion, model: str) -> str:
        """The verdict. Raises MalformedAnswer."""
        verdict: str = parse_json(completion.text, GROUNDING_SCHEMA, asked=self.prompt.text)["verdict"]
        return verdict

    def key(self, one: PersonaOfDocument) -> str:
        """Id of the persona."""
        return one.persona_id
