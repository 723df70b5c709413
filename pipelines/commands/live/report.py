"""report: what a job has spent and made so far -> a page, made again while the job runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any

import orjson

from persona_hub.pipelines.cli.evaluation.report_options import ReportOptions
from persona_hub.pipelines.cli.exit_status import DONE, UsageError
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.commands.status import (
    SpendByStage,
    expected_calls,
    in_order,
    recorded_spend,
    state_lines,
    store_meant,
)
from persona_hub.pipelines.pages.report.evaluated import facts_of
from persona_hub.pipelines.pages.report.form import Remark, Report, SpendRow, StageRow
from persona_hub.pipelines.pages.report.given import samples_of
from persona_hub.pipelines.pages.report.page import REPORT_JSON, write_report
from persona_hub.pipelines.runners.output_folder import check_output
from persona_hub.pipelines.runners.response_store import opened_store
from persona_hub.transforms.files.storage import StorageError, file_exists, join_path, read_bytes
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.versions import list_runs, open_hub
from persona_hub.transforms.records import printable
from persona_hub.transforms.store.protocol import Spend, StoreError
from persona_hub.transforms.store.usage import cost_of_calls

KIND = "status"  # in the facts: a report of `evaluate` has none
MOST_LOOKS = 500  # of the curve; beyond, every second one is forgotten
NOT_MEASURED = "diversity and all else is measured by `persona-hub evaluate` once the job has published"


def show_report(options: ReportOptions, _: Sequence[str]) -> int:
    """Writes the page, again and again with --watch until the job has published; returns the exit code."""
    check_output(options.output)
    refuse_other_reports(options.output)
    used = store_meant(options.response_store, options.hub)
    before, looks = published(options.hub), list[SpendRow]()
    begun = time.monotonic()
    with ExitStack() as stack:
        store = None
        if used.address:
            try:
                store = stack.enter_context(closing(opened_store(used.address, must_be_there=True)))
            except UsageError:
                if options.response_store:
                    raise
        if store is None and not any(before):
            raise UsageError(
                f"--hub {options.hub}: holds no hub, no samples and no response store yet; check the path, or name the "
                "store of the job by --response_store"
            )
        try:
            while True:
                now = published(options.hub)
                ended = not options.watch or now != before
                spend = store.spend() if store else recorded_spend(options.hub)
                looks = with_look(looks, time.monotonic() - begun, spend)
                again = 0.0 if ended else options.watch
                write_report(options.output, report_of_job(options.hub, spend, looks), again)
                if len(looks) == 1:
                    say(join_path(options.output, "index.html"), flush=True)
                if ended:
                    return DONE
                time.sleep(options.watch)
        except StoreError as error:
            raise UsageError(f"--response_store {error}") from error
        except KeyboardInterrupt:  # how one stops watching
            return DONE


def refuse_other_reports(folder: str) -> None:
    """Raises UsageError where a folder has a report that this command did not make: of `evaluate`, say."""
    path = join_path(folder, REPORT_JSON)
    try:
        found = orjson.loads(read_bytes(path)) if file_exists(path) else {"hub": {KIND: ""}}
    except (StorageError, orjson.JSONDecodeError):
        found = {}
    if not isinstance(found, dict) or KIND not in (found.get("hub") or {}):
        raise UsageError(f"--output {folder}: has a {REPORT_JSON} that this command did not write; name another folder")


def published(hub: str) -> tuple[str, int]:
    """What a folder shows: its version, and how many runs of samples."""
    return read_current(hub), len(list_runs(hub))


def with_look(looks: Sequence[SpendRow], seconds: float, spend: SpendByStage) -> list[SpendRow]:
    """The looks with one more, at most MOST_LOOKS."""
    whole = sum_of(spend)
    kept = looks[::2] if len(looks) >= MOST_LOOKS else looks
    return [*kept, SpendRow(round(seconds, 1), whole.calls, cost_of_calls(whole))]


def sum_of(spend: SpendByStage) -> Spend:
    """What all stages took."""
    whole = Spend()
    for one in spend.values():
        whole = whole.plus(one)
    return whole


def report_of_job(hub: str, spend: SpendByStage, looks: Sequence[SpendRow]) -> Report:
    """The page of a job as far as it is: what stands published, and what was spent."""
    state = " ".join(state_lines(hub))
    facts: Mapping[str, Any] = {}
    warnings = [Remark(NOT_MEASURED, bad=False)]
    if read_current(hub):
        shown = open_hub(hub)
        found = facts_of(shown, samples_of("", shown), {})
        facts, warnings = found.hub, [*(one for one in found.warnings if one.bad), *warnings]
    expected = expected_calls(hub)
    stages = [
        StageRow(stage, cost_of_calls(one), one.calls, one.input_tokens, one.output_tokens)
        for stage, one in sorted(spend.items(), key=lambda item: in_order(item[0]))
    ]
    whole = sum_of(spend)
    cost = {"total_usd": cost_of_calls(whole), "calls": whole.calls, "spent": looks, "stages": stages}
    if expected:
        cost |= {"calls_estimated": round(sum(expected.values()))}
    return Report(
        title=f"Job on {printable(hub)}",
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        hub={KIND: state, **facts},
        cost=cost if whole.calls else None,
        warnings=warnings,
    )


if __name__ == "__main__":
    sys.exit(run_command("report", show_report))
