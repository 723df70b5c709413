"""The section `repetition`: openings, names, occupations, templates, groups of duplicates."""

from __future__ import annotations

from typing import Any

from persona_hub.transforms.evaluate.hub_sums import DuplicateSums, HubSums
from persona_hub.transforms.evaluate.sampled import Sampled
from persona_hub.transforms.evaluation.demographics.titles import titled
from persona_hub.transforms.evaluation.figures import Figure
from persona_hub.transforms.evaluation.repetition.groups import group_sizes, largest_group, repeated_share
from persona_hub.transforms.evaluation.repetition.value_counts import ValueCounts, missed_share

MOST_LISTED = 20


def repetition_section(sampled: Sampled, sums: HubSums, duplicates: DuplicateSums) -> dict[str, Any]:
    """The whole section."""
    made = sums.demographics.cells.total + duplicates.groups.units
    occupations = ValueCounts(None, sums.demographics.cells.known("occupation"), sums.demographics.cells.total)
    return {
        "top_openings": sums.openings.share_of_top(MOST_LISTED),
        "top_names": sums.names.share_of_top(MOST_LISTED),
        "effective_occupations": occupations.effective_values,
        "templates": {
            "repeated": repeated_share(sums.templates),
            "different": Figure(sums.templates.abundance.distinct, n=sums.templates.units),
            "largest": Figure(largest_group(sums.templates), n=sums.templates.units),
        },
        "duplicates": {
            "dropped": Figure(duplicates.groups.units, n=made),
            "groups": Figure(duplicates.groups.abundance.distinct, n=made),
            "largest": Figure(largest_group(duplicates.groups, 1), n=made),
        },
        "values_that_may_be_missed": missed_values(sampled),
        "openings": top_rows(sums.openings),
        "names": top_rows(sums.names),
        "occupations": [{**row, **titled("occupation", row["value"])} for row in top_rows(occupations)],
        "duplicate_kinds": top_rows(duplicates.kinds),
        "duplicate_groups": [
            {"size": size, "groups": round(number, 1)}
            for size, number in sorted(group_sizes(duplicates.groups, 1).items())
        ][-MOST_LISTED:],
    }


def missed_values(sampled: Sampled) -> str:
    """How frequent an opening or name may be that is not among those counted; none where the sample is all there is."""
    rows = len(sampled.rows)
    return f"of fewer than {missed_share(rows):.2%} of personas" if rows < sampled.personas.seen else "none"


def top_rows(found: ValueCounts) -> list[dict[str, Any]]:
    """The most frequent values, with their counts and shares, exact; of what no other row has nothing is repeated."""
    return [
        {"value": value, "rows": count, "share": Figure(count / found.rows, n=found.rows)}
        for value, count in found.top(MOST_LISTED)
        if count > 1
    ]
