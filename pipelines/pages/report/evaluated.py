"""What an evaluation found -> the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from persona_hub.pipelines.pages.report.experiment import GivenAblation
from persona_hub.pipelines.pages.report.form import Example, MapCluster, MapPoint, PersonaMap, Remark, Report, StageRow
from persona_hub.pipelines.pages.report.given import GivenReference, GivenSamples
from persona_hub.pipelines.pages.report.hub_map import projected
from persona_hub.transforms.counting.quantity import quantity
from persona_hub.transforms.evaluate.evaluate import Evaluated
from persona_hub.transforms.evaluate.sampled import SampledPersona
from persona_hub.transforms.hub.clusters import read_clusters
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import printable

EXAMPLE_PERSONAS, EXAMPLE_SAMPLES, EXAMPLE_ERRORS = 150, 250, 100  # among the examples
LABEL_PARTS = 2  # words of a cluster's label on the map
LEAST_POINTS = 3
PASSED = "kept"
LOST_WHOLE = "files lost whole"  # among the facts, where there are any: a report of the rest
NO_VECTORS_HERE = (
    "the version has no vectors: figures of meaning, the map, fidelity and novelty by clusters are missing"
)
TABLES_OF_USE = {
    "attributes": "the version has no table of attributes: of demographics only languages are known",
    "members": "the version has no clusters: figures by cluster are missing",
}
EVALUATION = "evaluation"  # among the facts: the fingerprint of what decided the report
NO_OWNERS = "no sample names one of these personas: whether samples fit their personas is not told"
OWNER_REMEDY = "name a sample's persona in its field `persona` or `input persona`"
NO_SAMPLES = "no samples: fidelity and quality are of personas only, or missing"
LATER_RELEASE = "an earlier release made it; `persona-hub compact` or the next refresh adds them"


@dataclass(frozen=True)
class ReportFacts:
    """What is known of a hub before anything is evaluated."""

    title: str
    made: str  # when the version was
    hub: Mapping[str, Any]
    cost: Mapping[str, Any] | None
    warnings: Sequence[Remark]
    clusters: Sequence[tuple[str, str, int]] = field(default=())  # at the top: path, label, personas
    ablation: GivenAblation = field(default_factory=GivenAblation)

    def beside(self, reference: GivenReference, ablation: GivenAblation) -> ReportFacts:
        """With an experiment, and a warning of what could not be read of a reference."""
        lost = [lost_remark(one, "of --reference") for one in sorted(reference.lost.items())]
        return replace(self, ablation=ablation, warnings=[*self.warnings, *lost])


def facts_of(hub: Hub, given: GivenSamples, more: Mapping[str, Any]) -> ReportFacts:
    """The facts of a version; `more` stand beside them."""
    made = hub.manifest
    facts: dict[str, Any] = {"version": made.version, "created": made.created}
    facts |= {kind: made.records_of(kind) for kind in ("personas", "documents", "duplicates", "vectors")}
    facts |= {"language_model": made.models.get("llm", ""), "embedder": made.models.get("embedder", "")}
    facts |= more
    top = [(row.cluster, row.label, row.size) for row in read_clusters(hub) if row.level == 1]
    return ReportFacts(f"Hub {made.version}", made.created, facts, cost_of(made.usage), warnings_of(hub, given), top)


def cost_of(usage: Mapping[str, Mapping[str, float]]) -> dict[str, Any] | None:
    """What the stages of a manifest took; None where nothing was paid for, and no total where no price is known."""
    stages = [
        StageRow(
            stage, row.get("cost_usd"), *(int(row.get(name, 0)) for name in ("calls", "input_tokens", "output_tokens"))
        )
        for stage, row in sorted(usage.items())
    ]
    known = [one.usd for one in stages if one.usd is not None]
    return {"total_usd": sum(known) if known else None, "stages": stages} if stages else None


def facts_of_files(names: Sequence[str], embedder: str, given: GivenSamples, more: Mapping[str, Any]) -> ReportFacts:
    """The facts of files of personas; `more` stand beside them."""
    shown = [printable(name) for name in names]
    facts = {"files": shown, "embedder": embedder}
    warnings = [] if given.files else [Remark(NO_SAMPLES, "--samples", False)]
    return ReportFacts("Personas of files", "", {**facts, **more}, None, warnings)


def warnings_of(hub: Hub, given: GivenSamples) -> list[Remark]:
    """What is wrong with a version, or missing of it."""
    made = hub.manifest
    found = [
        Remark(f"the version is partial: {n:,} questions without an answer ({why})", "run the same build again")
        for why, n in sorted(made.partial.items())
    ]
    found += [
        Remark(f"{path}: lost, {n:,} records", "name the field of its text by --text_field")
        for path, n in sorted(made.lost_files.items())
    ]
    if not made.records_of("vectors"):
        found.append(Remark(NO_VECTORS_HERE, "build with --embedding_threshold below 1"))
    for kind, text in TABLES_OF_USE.items():
        if not made.records_of(kind) and (kind != "members" or made.records_of("vectors")):
            found.append(Remark(text, LATER_RELEASE))
    if made.models.get("llm") == "offline":
        found.append(
            Remark("the personas are of the offline model, a set of rules and no language model", "--llm", False)
        )
    if not given.files:
        found.append(Remark(NO_SAMPLES, "--samples", False))
    return found


def report_of(found: Evaluated, facts: ReportFacts) -> Report:
    """All of the report. The same evaluation gives the same bytes."""
    sections = found.sections
    return Report(
        title=facts.title,
        made=facts.made,
        hub={**facts.hub, **numbers_of(found)},
        cost=facts.cost,
        warnings=[
            *facts.warnings,
            *facts.ablation.warnings,
            *lacking_remark(found.lacking),
            *damaged_remark(found.samples.damaged),
            *map(lost_file_remark, found.lost_files.items()),
            *map(lost_remark, found.lost.items()),
            *(lost_remark(one, "of --samples") for one in sorted(found.samples.lost.items())),
            *([Remark(NO_OWNERS, OWNER_REMEDY, False)] if found.samples.accepted.seen and not found.owned else []),
        ],
        diversity=sections["diversity"],
        repetition=sections["repetition"],
        demographics=sections["demographics"],
        fidelity=sections["fidelity"],
        quality=sections["quality"],
        novelty=sections["novelty"],
        ablation=facts.ablation.section,
        map=map_of_sample(found, facts),
        examples=examples_in(found),
    )


def numbers_of(found: Evaluated) -> dict[str, int]:
    """How many personas and samples there are, and how many files were lost whole, where any was."""
    numbers = {"personas": found.sampled.personas.seen, "samples": found.samples.accepted.seen}
    return numbers | ({LOST_WHOLE: len(found.lost_files)} if found.lost_files else {})


def lacking_remark(lacking: tuple[int, int]) -> list[Remark]:
    """Documents of sampled personas that the corpus has not, where there are any; `lacking`: so many of so many."""
    missing, named = lacking
    if not missing:
        return []
    text = f"--input lacks {missing:,} of {quantity(named, 'document')} of sampled personas, which are not compared"
    return [Remark(text, "name all files, and read them as the hub was built (--text_field, --max_characters)")]


def damaged_remark(damaged: Mapping[str, int]) -> list[Remark]:
    """Rows of samples whose scores by a judge cannot be read, where there are any."""
    rows = sum(damaged.values())
    text = f"{quantity(rows, 'sample')} with a judge's score that cannot be read, in no figure of scores"
    return (
        [Remark(text, "see `scores` in the rows of the files; a judge's is a JSON object with score")] if rows else []
    )


def lost_file_remark(one: tuple[str, int]) -> Remark:
    """A file of which no persona was read."""
    file, rows = one
    text = f"{printable(file)}: no persona was read of its {quantity(rows, 'row')}"
    return Remark(text, "name the field of its text by --persona_field")


def lost_remark(one: tuple[str, int], of: str = "of personas") -> Remark:
    """What could not be read, and why."""
    reason, number = one
    rows = quantity(number, "row or file", "rows or files")
    return Remark(f"not read: {rows} {of} ({reason})", "docs/dropped.md lists the reasons")


def map_of_sample(found: Evaluated, facts: ReportFacts) -> PersonaMap | None:
    """The map of the sampled personas; None of a few, or without vectors."""
    sampled = found.sampled
    if len(sampled.with_vector) < LEAST_POINTS:
        return None
    rows = [sampled.rows[at] for at in sampled.with_vector]
    places, explained = projected(sampled.vectors.astype(np.float32))
    points = [
        MapPoint(round(float(x), 4), round(float(y), 4), one.text, one.cluster)
        for one, (x, y) in zip(rows, places, strict=True)
    ]
    return PersonaMap(points, labelled(points, facts.clusters), found.sampled.personas.seen, explained)


def labelled(points: Sequence[MapPoint], clusters: Sequence[tuple[str, str, int]]) -> list[MapCluster]:
    """The clusters at the top, each in the middle of its points."""
    found = []
    for path, label, size in clusters:
        own = [(point.x, point.y) for point in points if point.cluster.partition(".")[0] == path]
        if own:
            x, y = np.median(own, axis=0)
            words = ", ".join(label.split(", ")[:LABEL_PARTS])
            found.append(MapCluster(path, words, size, round(float(x), 4), round(float(y), 4)))
    return found


def examples_in(found: Evaluated) -> list[Example]:
    """Personas, samples, and rejected ones with the reason, each by hash."""
    people: list[SampledPersona] = found.sampled.rows[:EXAMPLE_PERSONAS]
    examples = [Example(one.text, language=one.language, hop=one.hop, verdict="") for one in people]
    by_id = dict(zip(found.sampled.personas.ids, found.sampled.rows, strict=True))
    for one in found.samples.accepted.payloads[:EXAMPLE_SAMPLES]:
        owner = by_id.get(one.persona_id)
        language, hop = (owner.language, owner.hop) if owner else ("", 0)
        examples.append(Example(one.persona, one.text, one.use_case, language, hop, PASSED))
    rejected = [
        Example(persona, text, use_case, verdict=reason)
        for (use_case, reason), sample in sorted(found.samples.examples.items())
        for _, text, persona in sample.payloads
    ]
    return examples + rejected[:EXAMPLE_ERRORS]
