"""What of a run's samples was accepted and what rejected, and whether there are as many as were wanted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from persona_hub.pipelines.cli.command_options import SynthesizeOptions
from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, FAILED
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.counting.stages import check_stage
from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.hub.reading import read_manifest_files
from persona_hub.transforms.hub.versions import list_attempts, list_runs, path_of
from persona_hub.transforms.records import Rejected, excerpt, printable
from persona_hub.transforms.synthesize.accepted.rounds import NOT_ASKED
from persona_hub.transforms.synthesize.accepted.wanted import PILOT

SHOWN_OF_REASON = 3  # of each reason
MOST_READ = 50_000  # rejected samples that are looked at for these
SHOWN_DETAIL, SHOWN_TEXT = 160, 100


def rejected_lines(output: str, made: RunManifest) -> Iterator[str]:
    """For each reason how many samples were rejected, and a few of them."""
    found: dict[str, list[Rejected]] = defaultdict(list)
    if made.rejected:
        for one in islice(read_manifest_files(output, made, "rejected", Rejected), MOST_READ):
            if len(found[one.reason]) < SHOWN_OF_REASON:
                found[one.reason].append(one)
    for reason, n in sorted(made.rejected.items(), key=lambda item: (-item[1], item[0])):
        yield f"  rejected {n:>9,}  {reason}"
        for one in found.get(reason, ()):
            yield f"      {excerpt(one.detail, SHOWN_DETAIL)} | {excerpt(one.text, SHOWN_TEXT)}"


def report_accepted(options: SynthesizeOptions, run: str) -> int:
    """Says which use cases have fewer accepted samples than were wanted, and why; returns the exit code."""
    attempts = {made.run: made for made in list_attempts(options.output, run)}
    runs = [(use_case, made) for use_case, made in list_runs(options.output) if made.run in attempts]
    code = DONE
    for use_case, made in runs:
        if made.accepted < options.accepted:
            how_many = f"{made.accepted:,} of {options.accepted:,} accepted"
            say(printable(f"{use_case}: {how_many}: {why_short(use_case, made)}"))
            code = BUDGET_SPENT
    if runs and not any(made.accepted or made.partial for _, made in runs):
        say(f"no sample passed the checks; {path_of(options.output, 'samples')} has the rejected ones, with reasons")
        return FAILED
    return code


def why_short(use_case: str, made: RunManifest) -> str:
    """Why a run has fewer samples than were wanted, and what helps."""
    left = made.counts.get(check_stage(use_case), {}).get(NOT_ASKED, 0)
    if made.partial:
        return "questions were left without an answer"
    if not made.accepted and made.candidates >= PILOT:
        first = quantity(made.candidates, "answer")
        return f"none of the first {first} passed, and no more were asked for; look at the reasons"
    if left:
        return (
            f"the rounds ended with {quantity(left, 'question')} not asked; ask for the rest with another --choose_seed"
        )
    if made.parameters.get("candidates"):
        return f"--candidates {made.parameters['candidates']:,} are used up; name more"
    return (
        f"all {quantity(made.candidates, 'question')} of the personas are asked; --samples_per_persona, or another "
        "--where, gives more"
    )
