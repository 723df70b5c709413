"""review import: files of raters -> how far they agree, what they find, and a gold set for judges."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence

import orjson

from persona_hub.pipelines.cli.evaluation.review_options import ReviewImportOptions
from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.cli.log_lines import say, say_lines
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.pages.review.findings import Findings, findings_of, gold_rows
from persona_hub.pipelines.pages.review.ratings import read_rater_files
from persona_hub.pipelines.runners.output_folder import check_output
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.evaluation.figures import Figure, finite
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import join_path

FINDINGS, GOLD = "review.json", "gold.jsonl"
UNTOLD = "unknown"


def import_ratings(options: ReviewImportOptions, _: Sequence[str]) -> int:
    """Writes review.json and gold.jsonl, and says what is in them; returns the exit code."""
    files = read_rater_files(options.files)
    check_output(options.output)
    found = findings_of(files)
    gold = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in gold_rows(files))
    write_bytes(join_path(options.output, GOLD), gold)
    write_bytes(join_path(options.output, FINDINGS), orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2))
    say_lines(findings_told(found))
    say(join_path(options.output, FINDINGS), join_path(options.output, GOLD))
    return DONE


def findings_told(found: Findings) -> Iterator[str]:
    """The findings, a line each."""
    yield f"{quantity(len(found.raters), 'rater')}, {quantity(found.items, 'sample')}, {quantity(found.pairs, 'pair')}"
    for name, figure in found.agreement.items():
        if figure.n:
            alike = "" if math.isfinite(figure.value) else ", for all ratings are alike"
            yield f"agreement on {name}: Krippendorff's α {told_figure(figure)}{alike}"
    for name, groups in (("valid", found.valid), ("fidelity", found.fidelity)):
        for group, figures in groups.items():
            for part, figure in figures.items():
                of = "" if group == "all" else f", {group} {part or '(none)'}"
                yield f"{name}{of}: {told_figure(figure)}"
    for arm, figure in found.preferred.items():
        yield f"preferred, arm {arm}: {told_figure(figure)}"
    if found.left.n:
        yield f"left side preferred: {told_figure(found.left)}"
    if len(found.raters) > 1:
        for one in found.raters:
            both = f"valid {told_figure(one.valid)}, fidelity {told_figure(one.fidelity)}"
            yield f"rater {one.rater} less the others: {both}"
    undecided = f", {quantity(found.undecided, 'sample')} undecided" if found.undecided else ""
    yield f"gold set: {quantity(found.gold, 'sample')}{undecided}"


def told_figure(figure: Figure) -> str:
    """A figure with its interval and what it rests on.

    >>> told_figure(Figure(0.5, 0.25, 0.75, 12))
    '0.50 [0.25, 0.75] of 12'
    """
    if math.isnan(figure.value):
        return UNTOLD
    bounds = (
        "" if finite(figure.low) is None or finite(figure.high) is None else f" [{figure.low:.2f}, {figure.high:.2f}]"
    )
    return f"{figure.value:.2f}{bounds} of {figure.n:,}"


if __name__ == "__main__":
    sys.exit(run_command("review import", import_ratings))
