"""Verbalised sampling (Zhang et al. 2025, arXiv 2510.01171): a model is asked for several answers with probabilities.

The paper's prompt asks for a number of responses, each with its text and a numeric probability, sampled at random from
the full distribution; verbalised.txt says the same in words of our own. The paper looks at all answers of a call. Here
a call gives one sample, one of its answers by a hash, each as likely: answers of one call are not independent, and arms
are compared at equal numbers of independent samples. So a sample costs several answers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields, replace
from importlib import resources
from typing import Any

from persona_hub.transforms.llm.parsing import parse_json
from persona_hub.transforms.llm.protocol import MalformedAnswer
from persona_hub.transforms.synthesis.form import TEXT, closed_object
from persona_hub.transforms.synthesis.use_case import UseCase

ANSWERS_OF_CALL = 5  # of a call, as in the paper
LISTED_ANSWERS, ANSWER, PROBABILITY = "answers", "answer", "probability"


@dataclass(frozen=True, kw_only=True)
class VerbalisedUseCase(UseCase):
    """A use case whose model gives a list of answers, of which one is taken."""

    single: UseCase  # as it is asked for one

    def read_with_fields(self, answer: str) -> tuple[str, str]:
        """The sample's text in one of the answers, and its fields. Raises MalformedAnswer."""
        found = parse_json(answer, self.reading_schema, asked=self.prompt.text)[LISTED_ANSWERS]
        if not found:
            raise MalformedAnswer(f"{LISTED_ANSWERS!r} is empty")
        digest = hashlib.blake2b(answer.encode("utf-8", "replace"), digest_size=8).digest()
        one = found[int.from_bytes(digest, "big") % len(found)][ANSWER]
        return self.single.read_with_fields(one if isinstance(one, str) else json.dumps(one))


def list_schema(answer: dict[str, Any]) -> str:
    """The JSON schema of a list of answers with their probabilities."""
    item = closed_object({PROBABILITY: {"type": "number"}, ANSWER: answer})
    return json.dumps(closed_object({LISTED_ANSWERS: {"type": "array", "items": item}}))


def verbalised(use_case: UseCase, answers: int = ANSWERS_OF_CALL) -> VerbalisedUseCase:
    """The use case, asked for so many answers at once."""
    asked = (resources.files(__package__) / "verbalised.txt").read_text("utf-8").strip()
    asked = asked.replace("$answers", str(answers)).replace("$form", "an object" if use_case.schema else "a text")
    values = {one.name: getattr(use_case, one.name) for one in fields(UseCase)}
    limit = use_case.sampling.max_tokens * answers
    return VerbalisedUseCase(
        **values
        | {
            "prompt": replace(use_case.prompt, user=f"{use_case.prompt.user}\n\n{asked}"),
            "schema": list_schema(json.loads(use_case.schema) if use_case.schema else TEXT),
            "reading_schema": list_schema({"type": ["object", "string"]}),
            "output_prefix": "",
            "sampling": replace(use_case.sampling, max_tokens=limit),
        },
        single=use_case,
    )
