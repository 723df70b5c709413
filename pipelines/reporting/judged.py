"""What a summary says of a judge: what it did, how far it agrees with people, and whose family it is of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from persona_hub.transforms.check_samples.judge_samples import BELOW_MIN_SCORE
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.counting.stages import judge_stage
from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.hub.reading import read_manifest_files
from persona_hub.transforms.judging.agreement import agreement_in
from persona_hub.transforms.judging.gold import GoldRow, agreement_with
from persona_hub.transforms.records import Rejected, Sample

NO_GOLD = "how far it agrees with people is not known: --judge_gold FILE tells"


def judged_lines(use_case: str, made: RunManifest) -> Iterator[str]:
    """The judge of a run's samples of one use case, with kappa beside its numbers; nothing where nobody judged."""
    if not made.judged:
        return
    agreement = agreement_in(made.counts.get(judge_stage(use_case), {})) if "gold_samples" in made.judged else None
    low = made.rejected.get(BELOW_MIN_SCORE, 0)
    least = made.checks["judge"]["min_score"]
    below = f", {low:,} below --min_score {least:g}" if least else ""
    samples = quantity(made.judged["samples"], "sample")
    yield f"  judge {made.judged['judge']}: {samples} judged{below}; {agreement or NO_GOLD}"
    if made.judged["remark"]:
        yield f"  {made.judged['remark']}"


def agreement_later(
    output: str, runs: Iterable[tuple[str, RunManifest]], gold: Sequence[GoldRow], least: float
) -> Iterator[str]:
    """How far the judge of runs that are done agrees with a gold set, out of their rows."""
    for use_case, made in runs:
        kept = read_manifest_files(output, made, "samples", Sample)
        rows = chain(kept, read_manifest_files(output, made, "rejected", Rejected))
        yield f"{use_case}: judge {made.judged.get('judge', '')}: {agreement_with(gold, rows, least, use_case)}"
