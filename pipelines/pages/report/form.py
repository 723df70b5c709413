"""What report.json holds, and what the page is made of; docs/report.md has the same in words.

Sections are objects. In them `{value, low, high, n}` is a figure, an object of objects a group of figures, and a list
of objects a table. Tables whose rows are records below are drawn, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from persona_hub.pipelines.pages.plain import as_plain
from persona_hub.transforms.evaluation.figures import Figure

REPORT_FORM = 1
# Each has the section's name in the page and in report.json, and what it answers.
SECTION_TITLES = {
    "diversity": "How different are the personas, and the samples?",
    "repetition": "What comes again and again?",
    "demographics": "Whom does the hub speak of, and whom not?",
    "fidelity": "Does a persona fit its document, and a sample its persona?",
    "quality": "What was rejected, and why?",
    "novelty": "What does one more persona bring?",
    "ablation": "Do personas help at all?",
}
FIGURE_KEYS = {"value", "low", "high", "n"}


@dataclass(frozen=True)
class CoveragePoint:
    """diversity.coverage: how much is new at a size."""

    size: int  # personas, or samples
    figure: Figure  # share that is new
    extrapolated: bool = False


@dataclass(frozen=True)
class HopRow:
    """novelty.hops: what became of the personas of a hop."""

    hop: int
    made: int
    kept: int


@dataclass(frozen=True)
class ShareRow:
    """demographics.shares: a value of an attribute, beside its reference."""

    attribute: str
    value: str
    figure: Figure  # share of the personas that tell the attribute
    reference: float | None = None  # share in the reference table
    source: str = ""  # of the reference, with its year


@dataclass(frozen=True)
class ArmRow:
    """ablation.arms: an arm of the experiment, by its primary metric."""

    arm: str
    figure: Figure
    cost_usd: float | None = None
    accepted: int | None = None  # samples
    answers: int | None = None  # that these were chosen of
    largest_cluster: int | None = None  # samples


@dataclass(frozen=True)
class StageRow:
    """cost.stages: what a stage took."""

    stage: str
    usd: float | None  # None where there is no price
    calls: int
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class SpendRow:
    """cost.spent: what all calls had taken at a time, of a job that is watched."""

    seconds: float  # since the watch began
    calls: int
    usd: float | None  # None where there is no price


@dataclass(frozen=True)
class MapPoint:
    """map.points: a persona in the plane."""

    x: float
    y: float
    text: str
    cluster: str = ""


@dataclass(frozen=True)
class MapCluster:
    """map.clusters: a cluster's name, and where it lies."""

    cluster: str
    label: str
    size: int
    x: float
    y: float


@dataclass(frozen=True)
class PersonaMap:
    """map: personas by meaning."""

    points: Sequence[MapPoint]
    clusters: Sequence[MapCluster]
    of: int  # personas, of which the points are a hash sample
    explained: float  # share of the vectors' variance that the plane shows


@dataclass(frozen=True)
class Example:
    """examples: a persona, and what was made of it."""

    persona: str
    sample: str = ""
    use_case: str = ""
    language: str = ""
    hop: int = 0
    verdict: str = ""  # "kept", or the reason of a rejection


@dataclass(frozen=True)
class Remark:
    """warnings: what is wrong, and what to do about it."""

    text: str
    remedy: str = ""
    bad: bool = True  # else worth knowing


@dataclass(frozen=True, kw_only=True)
class Report:
    """All of report.json. A section that is None is said to be missing."""

    title: str
    made: str = ""  # when, ISO 8601
    hub: Mapping[str, Any] = field(default_factory=dict)  # {fact: number, text or figure}, in the order of the page
    cost: Mapping[str, Any] | None = None  # total_usd, and `stages`: list of StageRow
    warnings: Sequence[Remark] = ()
    diversity: Mapping[str, Any] | None = None  # figures, and `coverage`: list of CoveragePoint
    repetition: Mapping[str, Any] | None = None
    demographics: Mapping[str, Any] | None = None  # figures, and `shares`: list of ShareRow
    fidelity: Mapping[str, Any] | None = None
    quality: Mapping[str, Any] | None = None
    novelty: Mapping[str, Any] | None = None  # figures, and `hops`: list of HopRow
    ablation: Mapping[str, Any] | None = None  # verdict, words, primary, effect, and `arms`: list of ArmRow
    map: PersonaMap | None = None
    examples: Sequence[Example] = ()

    def as_json(self) -> dict[str, Any]:
        """As report.json has it."""
        return {"report": REPORT_FORM} | as_plain(self)


def is_figure(value: Any) -> bool:
    """Whether an object of JSON is a figure."""
    return isinstance(value, Mapping) and value.keys() >= FIGURE_KEYS


def rows_in(section: Mapping[str, Any] | None, name: str) -> list[Mapping[str, Any]]:
    """The rows of a section's table; none where it has no such."""
    found = (section or {}).get(name)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
