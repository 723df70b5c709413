"""Options of a build and its model, out of flags as a user types them."""

from __future__ import annotations

from typing import Any

from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.parser import Parser, add_flags, parse_flags
from persona_hub.pipelines.planning.models import HERE, model_of
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.calls.protocol import ModelConfig

PAID = ["--llm", "openai:gpt-5-mini"]


def flags_of(*arguments: str) -> dict[str, Any]:
    job, parser = JOB_BY_NAME["build"], Parser()
    add_flags(parser, job)
    return parse_flags(parser, job, ["--input", "x", "--output", "/hub", *arguments])[0]


def model(*arguments: str, where: Where = HERE) -> ModelConfig:
    return model_of(flags_of(*arguments), where)
