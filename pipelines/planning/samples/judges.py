"""The judge that options name: a model, or a file that describes one, with its own address, sampling and price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from persona_hub.pipelines.cli.command_options import SynthesisOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.cli.model_options import LanguageModelOptions
from persona_hub.pipelines.cli.option import options_of
from persona_hub.pipelines.cli.parser import values_in_file
from persona_hub.pipelines.planning.budget import BudgetShares
from persona_hub.pipelines.planning.models import HERE, chosen_sampling, model_of, model_price
from persona_hub.pipelines.planning.token_limits import NEW_JOB, TokenLimits
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.judging.judge_task import JUDGE_SAMPLING, Judge, judge_prompt
from persona_hub.transforms.judging.rubric import read_rubric
from persona_hub.transforms.llm.prices import Price
from persona_hub.transforms.llm.registry import EXPORT, LOCAL_BACKENDS, MODELS, VLLM

JUDGE_FLAG = "--judge"
MODEL_FILES = (".yaml", ".yml")
# What a file leaves out is as for the language model. All else of that model is not the judge's: its address, sampling
# (a temperature that varies samples would vary the points, too), rates.
AS_THE_MODEL = ("max_in_flight", "max_tokens", "retry_malformed", "call_timeout", "call_attempts")
DECISIVE = ("max_tokens", "temperature", "top_p", "seed", "llm_extra_body")  # of what a judge's file says


def judge_of(
    options: SynthesisOptions,
    where: Where = HERE,
    forecast_shares: BudgetShares = (),
    limits: TokenLimits = NEW_JOB,
) -> Judge | None:
    """The judge, None where none is asked for; its calls are kept and paid as the language model's.

    Raises UsageError for flags that do not go together, RubricError, PromptError, PriceError.
    """
    if not options.judge:
        for flag, given in (
            ("--min_score", options.min_score),
            ("--rubric", options.rubric),
            ("--judge_gold", options.judge_gold),
        ):
            if given:
                raise UsageError(f"{flag}: says how samples are judged; name who judges them with --judge MODEL")
        return None
    own = judge_options(options)
    rubric = read_rubric(options.rubric)
    try:
        model = model_of(own, where, forecast_shares)
    except UsageError as error:
        raise UsageError(f"{JUDGE_FLAG} {options.judge}: {error}") from error
    return Judge(
        model=replace(model, flag=JUDGE_FLAG),
        min_score=options.min_score,
        rubric=rubric,
        prompt=judge_prompt(rubric, options.prompt_dir),
        sampling=chosen_sampling(own, JUDGE_SAMPLING, NEW_JOB if "max_tokens" in own.given else limits),
    )


def judge_options(options: SynthesisOptions) -> SynthesisOptions:
    """The command's options with what is said of the judge in place of what is said of the language model.

    `given` names what its file says. Raises InvalidInputError.
    """
    found = judge_values(options.judge)
    place = JUDGE_FLAG if found["llm"] == options.judge else f"{JUDGE_FLAG} {options.judge}: llm"
    backend, model = replace(MODELS, flag=place).split(found["llm"])
    if backend not in LOCAL_BACKENDS and not model:
        raise UsageError(f"{JUDGE_FLAG} {options.judge}: name the model too, as in {backend}:MODEL")
    if backend in (EXPORT, VLLM):
        raise UsageError(
            f"{JUDGE_FLAG} {options.judge}: a judge must answer at once, at a server that runs; name one, as in "
            "openai:MODEL"
        )
    bare = {
        name: one.default
        for name, one in options_of(LanguageModelOptions).items()
        if one.in_model_file and name not in AS_THE_MODEL
    }
    return replace(options, **{**bare, **found}, given=frozenset(found))


def judge_values(judge: str) -> Mapping[str, Any]:
    """What --judge says: the options in its file, or the model alone. Raises UsageError."""
    if PurePath(judge).suffix not in MODEL_FILES:
        return {"llm": judge}
    found = values_in_file(judge, options_of(LanguageModelOptions), JUDGE_FLAG)
    if "llm" not in found:
        raise UsageError(f"{JUDGE_FLAG} {judge}: names no model; write it as llm: openai:gpt-5-mini")
    return found


def judge_price(options: SynthesisOptions) -> Price | None:
    """The judge's own price, None where it is not known or nobody judges."""
    return model_price(judge_options(options)) if options.judge else None


def prices_known(options: SynthesisOptions) -> bool:
    """Whether the prices of language model and judge are known, as far as they are asked."""
    return model_price(options) is not None and (judge_price(options) is not None or not options.judge)


def judge_entry(judge: Judge | None) -> dict[str, str]:
    """The judge as a manifest's `models` names it, nothing where nobody judges."""
    return {"judge": judge.model.name} if judge else {}


def told_of_judge(options: SynthesisOptions, judge: Judge) -> dict[str, Any]:
    """What decides a judge's points, by name: model, prompt, rubric, and what its file says of its answers."""
    own = judge_options(options)
    return {
        "model": judge.model.name,
        "prompt": judge.task.prompt.prompt_hash,
        "rubric": {one.name: one.weight for one in judge.rubric.criteria},  # their texts are in the prompt's hash
        **{name: getattr(own, name) for name in DECISIVE if name in own.given},
    }
