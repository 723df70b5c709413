"""What a command would build otherwise than the hub in its way was built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from persona_hub.pipelines.cli.command_options import BuildOptions
from persona_hub.pipelines.cli.option import options_of, recorded_values
from persona_hub.pipelines.planning.embedders import EMBEDDER
from persona_hub.pipelines.planning.samples.checks import changed_checks
from persona_hub.transforms.ask_attributes.ask_attributes import BY_MODEL
from persona_hub.transforms.ask_attributes.attributes_task import attributes_prompt
from persona_hub.transforms.embedding.thresholds import embedder_named
from persona_hub.transforms.expand_persona.relation_task import expand_prompt
from persona_hub.transforms.extract_persona.extract_persona import extract_prompt
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.prompts import Prompt
from persona_hub.transforms.records import excerpt
from persona_hub.transforms.secrets import without_logins

SHOWN_OF_PARAMETER = 60  # characters
INPUT_AND_MODEL = ("input", "personas", "llm")  # which decide by what they name
NOT_GIVEN = "not given"
NO_CHECKS: Mapping[str, Any] = MappingProxyType({})
SAME_NAMES = (
    "the files that --input or --personas names have other names or sizes, or what another flag names has changed"
)


def differences(options: BuildOptions, built: Manifest, checked: Mapping[str, Any] = NO_CHECKS) -> str:
    """What decides a hub and differs between this command and the build `built`, each with both values.

    `checked`: the checks of samples as this build's manifest would have them.
    """
    prompts = [extract_prompt(options.prompt_dir), expand_prompt(options.prompt_dir)]
    if options.attributes == BY_MODEL:
        prompts.append(attributes_prompt(options.prompt_dir))
    found = [
        *changed_parameters(options, built.parameters),
        *changed_prompts(prompts, built.prompts),
        *changed_checks(checked, built.checks),
    ]
    return "; ".join(found or [SAME_NAMES])


def changed_parameters(options: BuildOptions, before: Mapping[str, Any]) -> Iterator[str]:
    """The flags that decide a hub, or name its input or its model, and had another value."""
    now = recorded_values(options)
    for name, one in options_of(type(options)).items():
        was = embedder_named(before.get(name, "")) if name == EMBEDDER else before.get(name)
        if (one.decides or one.decides_if_given or name in INPUT_AND_MODEL) and now.get(name) != was:
            yield f"--{name} {shown_value(now.get(name))}, before {shown_value(was)}"


def changed_prompts(prompts: Sequence[Prompt], before: Mapping[str, str]) -> Iterator[str]:
    """The prompts that the build had in another form."""
    for prompt in prompts:
        if before.get(prompt.name, prompt.prompt_hash) != prompt.prompt_hash:
            yield f"the prompt {prompt.name} is another, by --prompt_dir or by another release"


def shown_value(value: Any) -> str:
    """A value as it would be typed, without what may be a secret in it, and cut."""
    if value in (None, "", [], ()):
        return NOT_GIVEN
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return excerpt(without_logins(text), SHOWN_OF_PARAMETER)
