"""How a job ends that left questions without an answer: what is lacking, what to do, and the exit code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.reporting.server_words import NO_WORDS, server_words
from persona_hub.pipelines.reporting.spent_budget import spent_budget
from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.counting.counts import Counts
from persona_hub.transforms.counting.losses import LOST
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.hub.versions import list_attempts
from persona_hub.transforms.llm.export import EXPORT_OPTION, ExportResult, collect
from persona_hub.transforms.reasons import unanswered

EXHAUSTED, ACCOUNT = "budget-exhausted", "account-"
AGAIN = "and pays for nothing twice"


def report_partial(
    unasked: Mapping[str, int],
    model: ModelConfig,
    words: Mapping[str, str] = NO_WORDS,
    counts: Counts = MappingProxyType({}),
) -> int:
    """Says what is lacking, if anything is; the exit code. `words`: the server's own, by reason; `counts`: by stage."""
    if EXPORT_OPTION in model.options:
        report_export(str(model.options[EXPORT_OPTION]), collect(str(model.options[EXPORT_OPTION])), model.name)
    else:
        for line in partly(unasked, model, words, counts):
            say(line.rstrip("\n"))
    return BUDGET_SPENT if unasked else DONE


def report_attempt(output: str, run: str, model: ModelConfig) -> int:
    """The same of a run of samples, as its manifest tells."""
    made = next((one for one in list_attempts(output, run) if one.run == run), None)
    left, counts = (made.partial, made.counts) if made else ({}, {})
    return report_partial(left, model, server_words(output, run, left), counts)


def exhausted_stages(counts: Counts) -> list[str]:
    """The stages that had no budget for some questions."""
    return [stage for stage, found in counts.items() if found.get(f"{LOST}{EXHAUSTED}")]


def partly(unasked: Mapping[str, int], model: ModelConfig, words: Mapping[str, str], counts: Counts) -> Iterator[str]:
    """A line for each of the ways in which questions stay without an answer."""
    if budget := unasked.get(EXHAUSTED, 0):
        yield f"\npartial: {spent_budget(model, budget, exhausted_stages(counts))}\n"
    account = {reason: n for reason, n in unasked.items() if reason.startswith(ACCOUNT)}
    if account:
        asked = quantity(sum(account.values()), "question")
        said = "; ".join(f"{reason.removeprefix(ACCOUNT)}{quoted(words, reason)}" for reason in sorted(account))
        yield (
            f"\npartial: the server refused the account ({said}), {asked} without an answer. "
            f"Put the account in order (pay, or give a key that holds): the same command goes on from here, {AGAIN}\n"
        )
    others = {reason: n for reason, n in unasked.items() if reason != EXHAUSTED and reason not in account}
    failed = {reason: n for reason, n in others.items() if unanswered(reason)}
    if failed:
        yield (
            f"\npartial: {quantity(sum(failed.values()), 'question')} without an answer from the server after all "
            f"attempts ({listed(failed, words)}). The same command asks only these again, {AGAIN}\n"
        )
    lost = {reason: n for reason, n in others.items() if reason not in failed}
    if lost:
        yield (
            f"\npartial: more answers were lost than --max_lost allows ({listed(lost, words)}); see dead_letters/. "
            "The same command asks for these again, and says what was wrong with the answers before; where they were "
            "cut off, give it a higher --max_tokens\n"
        )


def listed(reasons: Mapping[str, int], words: Mapping[str, str]) -> str:
    """Reasons with their numbers, and with the server's own words where there are any."""
    return ", ".join(f"{reason} {n:,}{quoted(words, reason)}" for reason, n in sorted(reasons.items()))


def quoted(words: Mapping[str, str], reason: str) -> str:
    """What the server said with a reason, ": ..." or nothing."""
    return f": {words[reason]}" if words.get(reason) else ""


def report_export(folder: str, exported: ExportResult, model: str) -> None:
    """What an export wrote."""
    say("")
    for path, requests in exported.files:
        say(f"{requests:>10,} requests  {path}")
    if exported.pending:
        say(
            f"{exported.pending:>10,} requests  stand in earlier files of {folder} and have no answer yet (delete "
            "those whose batch has failed, then export again)"
        )
    if exported.files:
        say(
            f"Have {model} answer these files as batch jobs, then: persona-hub import-responses, "
            "then the same command again, until it finds nothing to export"
        )
