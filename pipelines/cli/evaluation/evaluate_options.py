"""Options of `evaluate`: of what version, with which samples, beside what."""

from __future__ import annotations

from dataclasses import dataclass

from persona_hub.pipelines.cli.option import COUNT, NumberRange, Options, option


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions(Options):
    """What is evaluated with the hub, and what it is compared with."""

    samples: str = option(
        "samples to evaluate: a folder that `synthesize` or `ablate` wrote, or a file in JSON Lines, CSV, TSV, Parquet "
        "or Avro; default: those in the hub's folder",
        metavar="DIR_OR_FILE",
        first_day=True,
    )
    reference: str = option(
        "what to compare with: texts of people in JSON Lines, CSV, TSV or Parquet, for figures of words; or a table of "
        "a population, FILE.csv with the columns area, attribute, value and count",
        metavar="FILE",
        first_day=True,
    )
    balance: str = option(
        "weigh the personas so that attributes have the shares of people in the world, as in country,life_stage, or "
        "those of a table of your own, FILE.csv with the columns attribute, value and share; --columns of "
        "synthesize reads the weights",
        metavar="ATTRIBUTES|FILE",
        first_day=True,
    )
    balance_rows: int = option(
        "with --balance: choose so many personas which have these shares without weights; 0: none",
        0,
        COUNT,
        metavar="N",
        first_day=True,
    )
    balance_most_weight: float = option(
        "with --balance: no weight above X, where the mean is 1; shares may be missed, which is told; 0: no bound",
        0.0,
        NumberRange(0, 1_000_000, float),
        metavar="X",
    )
    ablation: str = option(
        "the ablation.json of an experiment by `ablate`: its arms and its verdict stand in the report, too",
        metavar="FILE",
        first_day=True,
    )
    judged: int = option(
        "with --judge: personas that it is asked about, one of a document, by hash",
        200,
        NumberRange(1, 1_000),
        metavar="N",
    )
