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
from persona_hub.pipelines.commands.used_store import UsedStore, used_store
from persona_hub.pipelines.planning.store_choice import absolute
from persona_hub.pipelines.runners.response_store import opened_store
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.counting.stages import (
    ASK_ATTRIBUTES,
    EMBED_DEDUP,
    EXPAND_PERSONA,
    EXTRACT_PERSONA,
    READ_CORPUS,
)
from persona_hub.transforms.files.storage import read_bytes
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.manifest import BaseManifest, Manifest
from persona_hub.transforms.hub.versions import list_runs, open_hub, path_of
from persona_hub.transforms.store.protocol import NOT_THERE, Spend, StoreError
from persona_hub.transforms.store.registry import NO_STORE
from persona_hub.transforms.store.usage import NANO, cost_of_calls

ESTIMATE_FILE = "estimate.json"  # what `estimate --output` leaves in OUTPUT
ABOUT_WIDTH = 12
# Of the stages that ask; those of use cases last.
ORDER = (READ_CORPUS, EXTRACT_PERSONA, EXPAND_PERSONA, EMBED_DEDUP, ASK_ATTRIBUTES)
UNFINISHED = "unfinished: nothing is published yet; a job is at work, or was stopped, and the same command goes on"

SpendByStage = Mapping[str, Spend]


def show_status(options: StatusOptions, _: Sequence[str]) -> int:
    """Prints the table, again and again with --watch; returns the exit code."""
    output = output_meant(options)
    used = store_meant(options.response_store, output)
    expected = expected_calls(output) if output else {}
    try:
        store = opened_store(used.address, must_be_there=True) if used.address else None
    except UsageError as error:
        if options.response_store:
            raise
        store, used = None, UsedStore("", str(error).removeprefix("--response_store "))
    if store is None:
        if not read_current(output) and not list_runs(output):
            flag = "--hub" if options.hub else "--output"
            raise UsageError(
                f"{flag} {output}: holds no hub and no samples yet; check the path. "
                f"No response store, either: {used.why}"
            )
        say_lines(recorded_status(output, expected, used.why))
        return DONE
    try:
        with closing(store):
            before, at = store.spend(), time.monotonic()
            say_lines([*status_table(before, {}, 0.0, expected), *state_lines(output)])
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


def output_meant(options: StatusOptions) -> str:
    """The folder of the job: a hub is what its build was given as --output. Raises UsageError where two are named."""
    if options.hub and options.output and options.hub.rstrip("/") != options.output.rstrip("/"):
        raise UsageError("--hub and --output: name one of them; both mean the folder that the job writes into")
    return options.hub or options.output


def store_meant(named: str, output: str) -> UsedStore:
    """The store that is named, or else the one that the jobs on the folder use. Raises UsageError for neither."""
    if named not in ("", NO_STORE):
        return UsedStore(absolute(named))
    if not output:
        raise UsageError("--hub, --output or --response_store: name one of them; it says which responses are meant")
    return used_store(output)


def recorded_status(output: str, expected: Mapping[str, float], why: str) -> Iterator[str]:
    """What the manifests say of the calls of a version, or of runs of samples, where no store can be looked into."""
    manifest = open_hub(output).manifest if read_current(output) else None
    spent = recorded_spend(output)
    if spent:
        yield from status_table(spent, {}, 0.0, expected)
    yield from state_lines(output)
    if manifest and spent:
        yield f"these are the calls that version {manifest.version} was published with; no response store: {why}"
    elif any(run.usage for _, run in list_runs(output)):
        yield f"calls of samples are in the manifests of their runs; no response store: {why}"
    else:
        yield "no calls were paid" if NOT_THERE in why else f"no calls were paid; no response store: {why}"


def recorded_spend(output: str) -> dict[str, Spend]:
    """What the manifest of the current version says that its calls took, by stage."""
    manifest = open_hub(output).manifest if read_current(output) else None
    return {
        stage: Spend(
            int(row.get("calls", 0)),
            int(row.get("input_tokens", 0)),
            int(row.get("output_tokens", 0)),
            round(row.get("cost_usd", 0) * NANO),
            int(row.get("estimated", 0)),
        )
        for stage, row in (manifest.usage.items() if manifest else ())
    }


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
    lost = sorted({file for one in made for file in one.lost_files})
    if not made:
        yield UNFINISHED
    elif left:
        why = ", ".join(f"{reason} {n:,}" for reason, n in sorted(left.items()))
        yield f"partial: questions have no answer yet ({why}); the same command goes on, and pays for nothing twice"
    elif lost:
        yield f"partial: {quantity(len(lost), 'file')} lost for want of a field with the text, as {lost[0]}"
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
