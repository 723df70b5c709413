"""status: calls, tokens and cost by stage, out of the response store, while a job runs anywhere or after it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime

import orjson

from persona_hub.pipelines.cli.exit_status import DONE, UsageError
from persona_hub.pipelines.cli.hub_options import StatusOptions
from persona_hub.pipelines.cli.log_lines import say, say_lines
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.planning.store_choice import named_store
from persona_hub.pipelines.runners.response_store import opened_store
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.counting.stages import EMBED_DEDUP, EXPAND_PERSONA, EXTRACT_PERSONA, READ_CORPUS
from persona_hub.transforms.files.storage import read_bytes
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.manifest import BaseManifest, Manifest
from persona_hub.transforms.hub.versions import list_runs, open_hub, path_of
from persona_hub.transforms.store.protocol import Spend, StoreError
from persona_hub.transforms.store.usage import cost_of_calls

ESTIMATE_FILE = "estimate.json"  # what `estimate --output` leaves in OUTPUT
ABOUT_WIDTH = 12
ORDER = (READ_CORPUS, EXTRACT_PERSONA, EXPAND_PERSONA, EMBED_DEDUP)  # of the stages that ask; those of use cases last
UNFINISHED = "unfinished: nothing is published yet; a job is at work, or was stopped, and the same command goes on"

SpendByStage = Mapping[str, Spend]


def show_status(options: StatusOptions, _: Sequence[str]) -> int:
    """Prints the table, again and again with --watch; returns the exit code."""
    expected = expected_calls(options.output) if options.output else {}
    try:
        with closing(opened_store(named_store(options), must_be_there=True)) as store:
            before, at = store.spend(), time.monotonic()
            say_lines([*status_table(before, {}, 0.0, expected), *state_lines(options.output)])
            while options.watch:
                time.sleep(options.watch)
                now, later = store.spend(), time.monotonic()
                say(
                    f"\n{datetime.now():%H:%M:%S}",
                    *status_table(now, before, later - at, expected),
                    flush=True,
                )
                before, at = now, later
    except StoreError as error:
        raise UsageError(f"--response_store {error}") from error
    except KeyboardInterrupt:  # how one stops watching
        pass
    return DONE


def status_table(
    now: SpendByStage, before: SpendByStage, seconds: float, expected: Mapping[str, float]
) -> Iterator[str]:
    """One line for each stage, in the order of the estimate if there is one, else of the graph, and their sum.

    There is a column "of about" only where an estimate was made.
    """
    about = "of about" if expected else ""
    yield f"{'stage':30}{'calls':>12}{about:>{ABOUT_WIDTH if expected else 0}}{'tokens in':>14}{'out':>14}" + (
        f"{'US dollars':>12}{'calls/s':>10}"
    )
    stages = [*expected, *sorted(now.keys() - expected.keys(), key=in_order)]
    for stage in stages:
        spend = now.get(stage, Spend())
        calls = spend.calls - before.get(stage, Spend()).calls
        yield status_row(
            stage, spend, expected.get(stage, 0.0) if expected else None, calls / seconds if seconds else 0.0
        )
    whole = Spend()
    for spend in now.values():
        whole = whole.plus(spend)
    calls = whole.calls - sum(spend.calls for spend in before.values())
    yield status_row("all", whole, sum(expected.values()) if expected else None, calls / seconds if seconds else 0.0)
    yield from status_notes(now, whole)


def in_order(stage: str) -> tuple[int, str]:
    """Where a stage stands in the table."""
    return ORDER.index(stage) if stage in ORDER else len(ORDER), stage


def state_lines(output: str) -> Iterator[str]:
    """Whether what OUTPUT holds is complete, partial or not there yet; nothing where no OUTPUT is named."""
    if not output:
        return
    made: list[BaseManifest] = [open_hub(output).manifest] if read_current(output) else []
    made += [run for _, run in list_runs(output)] if not made else []
    left = {reason: n for one in made for reason, n in one.partial.items()}
    if not made:
        yield UNFINISHED
    elif left:
        why = ", ".join(f"{reason} {n:,}" for reason, n in sorted(left.items()))
        yield f"partial: questions have no answer yet ({why}); the same command goes on, and pays for nothing twice"
    else:
        name = made[0].version if isinstance(made[0], Manifest) else f"{quantity(len(made), 'run')} of samples"
        yield f"complete: {name}"


def status_row(stage: str, spend: Spend, expected: float | None, rate: float) -> str:
    """One line of the table; `expected`: calls, None where no estimate was made."""
    cost = cost_of_calls(spend)
    about = "" if expected is None else f"{f'{expected:,.0f}' if expected else '':>{ABOUT_WIDTH}}"
    return (
        f"{stage:30}{spend.calls:>12,}{about}{spend.input_tokens:>14,}"
        f"{spend.output_tokens:>14,}{'not known' if cost is None else f'{cost:,.4f}':>12}"
        f"{f'{rate:,.1f}' if rate else '':>10}"
    ).rstrip()


def status_notes(now: SpendByStage, whole: Spend) -> Iterator[str]:
    """What the numbers of the table do not say themselves."""
    if whole.estimated:
        yield (
            f"tokens: {whole.estimated:,} of {quantity(whole.calls, 'call')} estimated: the server did not say how "
            "many, or the answer could not be read"
        )
    unpriced = [stage for stage, spend in now.items() if cost_of_calls(spend) is None]
    if unpriced:
        rest = "" if cost_of_calls(whole) is None else "; the sum is that of the other stages"
        yield f"US dollars: price not known when these calls were made (--price_file gives one){rest}"


def expected_calls(output: str) -> dict[str, float]:
    """Calls by stage as `estimate` left them in OUTPUT, nothing where it did not."""
    try:
        stages = orjson.loads(read_bytes(path_of(output, ESTIMATE_FILE)))["stages"]
        return {stage["stage"]: float(stage["calls"]) for stage in stages}
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return {}


if __name__ == "__main__":
    sys.exit(run_command("status", show_status))
