"""How a job ends that left questions unasked: what is lacking, what to do, and the exit code."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.errors import BUDGET_SPENT, DONE
from transforms.calls.protocol import ModelConfig
from transforms.llm.export import OPTION, Exported, collect


def ending(unasked: Mapping[str, int], model: ModelConfig) -> int:
    """Says what is lacking, if anything is; the exit code."""
    if OPTION in model.options:
        said(str(model.options[OPTION]), collect(str(model.options[OPTION])), model.name)
    elif unasked:
        print(
            f"\npartial: the budget ran out, {sum(unasked.values()):,} questions were not asked. The same command with "
            "a higher budget goes on from here, and pays for nothing twice (--budget_shares none if a stage has used "
            "up its part, while money is left)"
        )
    return BUDGET_SPENT if unasked else DONE


def said(folder: str, exported: Exported, model: str) -> None:
    """What an export wrote."""
    print()
    for path, requests in exported.files:
        print(f"{requests:>10,} requests  {path}")
    if exported.pending:
        print(
            f"{exported.pending:>10,} requests  stand in earlier files of {folder} and have no answer yet (delete "
            "those whose batch has failed, then export again)"
        )
    if exported.files:
        print(
            f"Have {model} answer these files as batch jobs, then: persona-hub import-responses, "
            "then the same command again, until it finds nothing to export"
        )
