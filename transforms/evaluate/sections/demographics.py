"""The section `demographics`, in the form that the page draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persona_hub.transforms.evaluation.demographics.reference import Reference, world_references
from persona_hub.transforms.evaluation.demographics.summary import Demographics
from persona_hub.transforms.evaluation.demographics.titles import in_full, titled
from persona_hub.transforms.evaluation.figures import Figure

MOST_SHARES = 60  # values of an attribute
MOST_ASSOCIATIONS = 12
LEAST_ASSOCIATED = 30  # personas that tell both; of fewer V may be anything from 0 to 1


def demographics_section(found: Demographics, own: Mapping[str, Reference]) -> dict[str, Any]:
    """The whole section; `own`: references by attribute in place of those of the package."""
    told = found.report({**world_references(), **own})
    attributes = told["attributes"]
    compared = {name: one["reference"] for name, one in attributes.items() if one["reference"]}
    associations = [one for one in told["associations"] if is_told(one["v"])]
    return {
        "personas": figure_of(told["personas"]),
        "known": {name: figure_of(one["known"]) for name, one in attributes.items()},
        "divergence_from_reference": {name: figure_of(one["divergence"]) for name, one in compared.items()},
        "outside_the_reference": {name: Figure(one["outside"], n=found.cells.total) for name, one in compared.items()},
        "shares": [row for name, one in attributes.items() for row in share_rows(name, one)],
        "over_and_under": [row for name, one in compared.items() for row in ratio_rows(name, one)],
        "associations": [
            {"first": one["attributes"][0], "second": one["attributes"][1], "v": figure_of(one["v"])}
            for one in associations[:MOST_ASSOCIATIONS]
        ],
        "together": [
            dict(zip(("first", "second"), map(in_full, one["attributes"], pair["values"]), strict=True))
            | {name: round(float(pair[name]), 3) for name in ("found", "expected", "ratio")}
            for one in associations[:MOST_ASSOCIATIONS]
            for pair in one["together"]
        ],
        "design_effects": [
            {"attribute": name, "design_effect": round(float(one["design_effect"]), 6)}
            for name, one in attributes.items()
        ],
    }


def is_told(v: Mapping[str, Any]) -> bool:
    """Whether a V says anything: it does not of few personas, or of one value, where it may be anything from 0 to 1."""
    return v["n"] >= LEAST_ASSOCIATED and (v["low"], v["high"]) != (0, 1)


def share_rows(name: str, one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The shares of an attribute's values beside the reference's."""
    reference = one["reference"] or {"shares": {}, "source": "", "year": ""}
    source = f"{reference['source']}, {reference['year']}" if reference["source"] else ""
    return [
        {
            "attribute": name,
            **titled(name, value),
            "figure": figure_of(figure),
            "reference": reference["shares"].get(value),
            "source": source,
        }
        for value, figure in list(one["shares"].items())[:MOST_SHARES]
    ]


def ratio_rows(name: str, reference: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The values that are surely over- or under-represented."""
    return [
        {"attribute": name, **titled(name, row["of"]), "represented": side, "times_the_reference": figure_of(row)}
        for side in ("over", "under")
        for row in reference[side]
    ]


def figure_of(told: Mapping[str, Any]) -> Figure:
    """A figure out of its JSON."""
    value = told["value"]
    return Figure(float("nan") if value is None else value, told["low"], told["high"], told["n"])
