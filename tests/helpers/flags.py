"""Options of a build and its model, out of flags as a user types them."""

from __future__ import annotations

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.commands import JOB_BY_NAME
from persona_hub.pipelines.cli.parser import read_options
from persona_hub.pipelines.planning.models import HERE, model_of
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.calls.protocol import ModelConfig

PAID = ["--llm", "openai:gpt-5-mini"]


def build_options(*arguments: str) -> BuildOptions:
    options: BuildOptions = read_options(JOB_BY_NAME["build"], ["--input", "x", "--output", "/hub", *arguments])[0]
    return options


def model(*arguments: str, where: Where = HERE) -> ModelConfig:
    return model_of(build_options(*arguments), where)
