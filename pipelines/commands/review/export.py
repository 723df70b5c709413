"""review export: samples -> a page on which people rate them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from os.path import abspath
from pathlib import PurePath

from persona_hub.pipelines.cli.evaluation.review_options import ReviewExportOptions
from persona_hub.pipelines.cli.exit_status import DONE, UsageError
from persona_hub.pipelines.cli.log_lines import say
from persona_hub.pipelines.cli.run_command import run_command
from persona_hub.pipelines.pages.review.items import Item, review_of
from persona_hub.pipelines.pages.review.page import review_page
from persona_hub.pipelines.pages.samples import folder_of_runs, items_of
from persona_hub.pipelines.runners.output_folder import check_output
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.files.atomic import write_bytes
from persona_hub.transforms.files.storage import is_local, split_path


def export_review(options: ReviewExportOptions, _: Sequence[str]) -> int:
    """Writes the page; returns the exit code."""
    folder, name = split_path(options.output)
    if not name.endswith((".html", ".htm")):
        raise UsageError(f"--output {options.output}: must be a file that ends in .html, which a browser opens")
    if options.pairs and options.sample < 2:
        raise UsageError("--sample 1: a pair takes two samples")
    check_output(folder)
    places = [folder_of_runs(place) for place in (options.samples, options.pairs) if place]
    arms: list[Callable[[], Iterator[Item]]] = [
        partial(items_of, place, arm) for place, arm in zip(places, arm_names(places), strict=True)
    ]
    review = review_of(arms, options.sample, options.seed)
    if not review.items:
        empty = next((n for n, arm in enumerate(arms) if next(arm(), None) is None), None)
        flag = "--pairs" if empty == 1 else "--samples"
        raise UsageError(
            f"{flag} {places[empty or 0]}: no sample is there{' to pair with' if empty is None else ''}; name a folder "
            "that `synthesize` or `build` wrote, or a file that ends in .jsonl, .parquet or .avro"
        )
    content = review_page(review).encode()
    write_bytes(options.output, content)
    pairs = f", {quantity(len(review.pairs), 'pair')}" if options.pairs else ""
    size = f"page {review.digest[:8]}, {len(content):,} bytes"
    say(f"{quantity(len(review.items), 'sample')}{pairs}, {size}: {options.output}")
    if len(review.items) < options.sample - options.sample % len(places):
        say(f"persona-hub review export: fewer than --sample {options.sample}, for there are no more", file=sys.stderr)
    return DONE


def arm_names(places: Sequence[str]) -> list[str]:
    """What the findings call each of the places: its last name, if that tells them apart."""
    names = [PurePath(place).name or place for place in places]
    if len(set(names)) == len(names):
        return names
    if len({abspath(place) if is_local(place) else place for place in places}) < len(places):
        raise UsageError(f"--pairs {places[1]}: is --samples itself; name samples that were made in another way")
    return list(places)


if __name__ == "__main__":
    sys.exit(run_command("review export", export_review))
