"""The judge that options name."""

from __future__ import annotations

from dataclasses import replace

from persona_hub.pipelines.cli.command_options import SynthesisOptions
from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.planning.budget import BudgetShares, stage_shares
from persona_hub.pipelines.planning.models import HERE, NamedModel, calls_of
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.judging.judge_task import Judge, judge_prompt
from persona_hub.transforms.judging.rubric import read_rubric
from persona_hub.transforms.llm.registry import EXPORT, LOCAL_BACKENDS, MODELS, VLLM


def judge_of(options: SynthesisOptions, where: Where = HERE, forecast_shares: BudgetShares = ()) -> Judge | None:
    """The judge, None where none is asked for; its calls are kept and paid as the language model's.

    Raises UsageError for flags that do not go together, RubricError, PromptError.
    """
    if not options.judge:
        for flag, given in (("--min_score", options.min_score), ("--rubric", options.rubric)):
            if given:
                raise UsageError(f"{flag}: says how samples are judged; name who judges them with --judge MODEL")
        return None
    backend, model = MODELS.split(options.judge)
    if backend not in LOCAL_BACKENDS and not model:
        raise UsageError(f"--judge {options.judge}: name the model too, as in {backend}:MODEL")
    if backend in (EXPORT, VLLM):
        raise UsageError(
            f"--judge {options.judge}: a judge must answer at once, at a server that runs; name one, as in openai:MODEL"
        )
    rubric = read_rubric(options.rubric)
    named = NamedModel("--judge", options.judge, "", "")
    calls = calls_of(options, where, stage_shares(options, forecast_shares), named)
    return Judge(
        model=replace(calls, repairs=options.retry_malformed),
        min_score=options.min_score,
        rubric=rubric,
        prompt=judge_prompt(rubric, options.prompt_dir),
    )
