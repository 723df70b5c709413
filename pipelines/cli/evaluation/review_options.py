"""Options of `review export` and `review import`."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.pipelines.cli.option import COUNT, NumberRange, Options, option


@dataclass(frozen=True, kw_only=True)
class ReviewExportOptions(Options):
    """Which samples are to be rated, and where the page goes."""

    samples: str = option(
        "samples to rate: a folder that `synthesize` wrote, or a file in JSON Lines, CSV, TSV, Parquet or Avro",
        required=True,
        metavar="DIR_OR_FILE",
    )
    pairs: str = option(
        "samples made in another way, to compare with: raters also say of pairs which one is better",
        metavar="DIR_OR_FILE",
    )
    sample: int = option(
        "samples to rate, chosen by hash; with --pairs half of each kind, in half as many pairs",
        50,
        NumberRange(1, 2000),
        metavar="N",
    )
    seed: int = option("another number chooses other samples", 0, COUNT, metavar="N")
    output: str = option("the page to write, FILE.html", required=True, metavar="FILE")


@dataclass(frozen=True, kw_only=True)
class ReviewImportOptions(Options):
    """Whose ratings, and where what they come to goes."""

    files: tuple[str, ...] = option(
        "files that the page saved, one for each rater",
        (),
        many=True,
        paths=True,
        positional=True,
        required=True,
        metavar="FILES",
    )
    output: str = option("folder for review.json and gold.jsonl", required=True, metavar="DIR")
