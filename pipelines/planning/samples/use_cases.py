"""The use cases of a command, from its options: all that can be wrong with them is found before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from persona_hub.pipelines.cli.command_options import SynthesisOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.samples.use_case_options import SettingOptions
from persona_hub.pipelines.planning.models import chosen_sampling
from persona_hub.pipelines.planning.samples.few_shot import examples_of
from persona_hub.pipelines.planning.token_limits import NEW_JOB, TokenLimits
from persona_hub.pipelines.planning.trust import NO_USE_CASE
from persona_hub.transforms.sandbox.sandbox import Limits
from persona_hub.transforms.synthesis.checks.plugins import plugin
from persona_hub.transforms.synthesis.packaged import PACKAGED
from persona_hub.transforms.synthesis.settings import Settings, check_settings
from persona_hub.transforms.synthesis.use_case import UseCase
from persona_hub.transforms.synthesis.use_cases import USE_CASE_NAMES, bare_use_case, with_examples
from persona_hub.transforms.synthesis.verify import NONE, Verify, parse_verify


def named_use_cases(options: SynthesisOptions) -> list[str]:
    """The names and files of use cases, `all` being the six, and `none` none; each once. Raises UsageError."""
    if NO_USE_CASE in options.use_case:
        if len(options.use_case) > 1:
            raise UsageError(f"--use_case {','.join(options.use_case)}: `none` stands alone; name use cases or none")
        return []
    names = [name for given in options.use_case for name in (USE_CASE_NAMES if given == "all" else (given,))]
    return list(dict.fromkeys(names))


def use_cases_of(options: SynthesisOptions, limits: TokenLimits = NEW_JOB) -> list[UseCase]:
    """The use cases that are named, in the form and with the checks that are ordered.

    Raises UseCaseError, and UsageError for what does not go together.
    """
    names, settings = named_use_cases(options), settings_of(options)
    check_settings(settings, names, PACKAGED)
    bare = [bare_use_case(name, options.prompt_dir, settings) for name in names]
    taken = [use_case.name for use_case in bare]
    twice = [name for name in taken if taken.count(name) > 1]
    if twice:
        raise UsageError(f"--use_case: two use cases are called {twice[0]!r}; give one of them another name")
    examples = examples_of(options.examples, bare)
    loaded = [with_examples(use_case, examples.get(use_case.name, "")) for use_case in bare]
    drawn = [replace(use_case, sampling=chosen_sampling(options, use_case.sampling, limits)) for use_case in loaded]
    return with_checks(drawn, options)


def settings_of(options: SettingOptions) -> Settings:
    """The settings that options name. Raises UseCaseError."""
    return Settings(**{one.name: getattr(options, one.name) for one in fields(Settings)})


def with_checks(use_cases: Sequence[UseCase], options: SynthesisOptions) -> list[UseCase]:
    """The use cases with the checks that `--verify`, `--plugin` and the limits of the sandbox leave or add.

    Raises UsageError where nothing can be verified as it is ordered, UseCaseError for a plugin that there is not.
    """
    verify = parse_verify(options.verify)
    if verify.asks and use_cases and not any(use_case.answer for use_case in use_cases):
        names = ", ".join(use_case.name for use_case in use_cases)
        raise UsageError(
            f"--verify {verify}: no sample of {names} states an answer; math and logical_reasoning do, and a use case "
            "of your own with the key `answer`"
        )
    if options.plugin and not use_cases:
        raise UsageError("--plugin: checks samples; name --use_case, too")
    limits = Limits(seconds=options.sandbox_seconds, memory_mb=options.sandbox_memory_mb)
    more = tuple(plugin(name, f"--plugin {name}") for name in options.plugin)
    return [
        replace(proved, checks=(*proved.checks, *more))
        for use_case in use_cases
        for proved in [verified(use_case.within(limits), verify)]
    ]


def verified(use_case: UseCase, verify: Verify) -> UseCase:
    """The use case without the checks whose place another way to verify takes."""
    left_out = verify.kind == NONE or (verify.asks and use_case.answer)
    return use_case.unproved if left_out else use_case
