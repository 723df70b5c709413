"""Options of `evaluate`: of what version, with which samples, beside what."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.pipelines.cli.option import Options, option


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions(Options):
    """What is evaluated with the hub, and what it is compared with."""

    samples: str = option(
        "samples to evaluate: a folder that `synthesize` wrote, or a file in JSON Lines, Parquet or Avro; default: "
        "those in the hub's folder",
        metavar="DIR_OR_FILE",
        first_day=True,
    )
    reference: str = option(
        "what to compare with: texts of people in JSON Lines or Parquet, for figures of words; or a table of a "
        "population, FILE.csv with the columns area, attribute, value and count",
        metavar="FILE",
        first_day=True,
    )
