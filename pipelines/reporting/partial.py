"""How a job ends that left questions unasked: what is lacking, what to do, and the exit code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.export import EXPORT_OPTION, ExportResult, collect

EXHAUSTED = "budget-exhausted"


def report_partial(unasked: Mapping[str, int], model: ModelConfig) -> int:
    """Says what is lacking, if anything is; the exit code."""
    if EXPORT_OPTION in model.options:
        report_export(str(model.options[EXPORT_OPTION]), collect(str(model.options[EXPORT_OPTION])), model.name)
    else:
        print(*partly(unasked), sep="", end="")
    return BUDGET_SPENT if unasked else DONE


def partly(unasked: Mapping[str, int]) -> Iterator[str]:
    """A line for each of the two ways in which questions stay open."""
    budget = unasked.get(EXHAUSTED, 0)
    if budget:
        yield (
            f"\npartial: the budget ran out, {budget:,} questions were not asked. The same command with "
            "a higher budget goes on from here, and pays for nothing twice (--budget_shares none if a stage has used "
            "up its part, while money is left)\n"
        )
    failed = {reason: n for reason, n in unasked.items() if reason != EXHAUSTED}
    if failed:
        why = ", ".join(f"{reason} {n:,}" for reason, n in sorted(failed.items()))
        yield (
            f"\npartial: {sum(failed.values()):,} questions got no answer from the server after all attempts "
            f"({why}). The same command asks only these again, and pays for nothing twice\n"
        )


def report_export(folder: str, exported: ExportResult, model: str) -> None:
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
