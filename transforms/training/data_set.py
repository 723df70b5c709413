"""Samples of a hub -> a data set: what goes into it, in which split, and the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from persona_hub.transforms.corpus.language import detect_language
from persona_hub.transforms.hub.manifest import RunManifest
from persona_hub.transforms.hub.reading import read_manifest_files, read_personas
from persona_hub.transforms.hub.showing.clustered import personas_with_clusters
from persona_hub.transforms.hub.showing.samples import ShownSamples
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.records import Rejected, Sample
from persona_hub.transforms.training.files import DataFile, data_file_names, refuse_leftovers, write_rows
from persona_hub.transforms.training.forms import (
    NO_REJECTED,
    PREFERENCE,
    FormRow,
    Layout,
    check_training_form,
    form_rows,
    preference_row,
)
from persona_hub.transforms.training.lineage import FactTable, PersonaFacts, RunFacts, lineage_of
from persona_hub.transforms.training.rejected import RejectedTable
from persona_hub.transforms.training.split import (
    LEAKS,
    SPLITS,
    PersonaClusters,
    RowHashes,
    Sides,
    hash_of,
    split_rows,
)
from persona_hub.transforms.wire.batches import ARRAY_RECORDS, batches

Parameters = Callable[[RunManifest], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class DataSetSettings:
    """What a data set is to be."""

    form: str
    formats: Sequence[str]
    folder: str
    rows_per_file: int
    test_share: float = 0.0
    license: str = ""
    parameters: Parameters = lambda _: {}  # those settings of a run that may be made public

    def __post_init__(self) -> None:
        check_training_form(self.form)


@dataclass
class UseCaseSet:
    """What a data set has of one use case."""

    use_case: str
    layout: Layout
    runs: Sequence[RunManifest]
    rows: dict[str, int]  # by split
    files: list[DataFile] = field(default_factory=list)
    description: str = ""


@dataclass
class DataSet:
    """A data set that has been written, as its card describes it."""

    form: str
    use_cases: list[UseCaseSet] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)  # {reason: samples}
    leaks: int = 0  # rows left out of both splits
    split_by: str = ""
    languages: Counter[str] = field(default_factory=Counter)
    clusters: Counter[str] = field(default_factory=Counter)  # rows by path of the cluster at the top
    proofs: Counter[tuple[str, str]] = field(default_factory=Counter)  # rows by (use case, kind of proof)
    hidden: Counter[str] = field(default_factory=Counter)  # {why: samples} that the version does not show

    @property
    def rows(self) -> int:
        """All rows, of every use case and split."""
        return sum(sum(one.rows.values()) for one in self.use_cases)

    @property
    def runs(self) -> list[RunManifest]:
        """The runs, each once, by name."""
        found = {run.run: run for one in self.use_cases for run in one.runs}
        return [found[name] for name in sorted(found)]


class MadeRow(NamedTuple):
    """A row and where it comes from."""

    row: FormRow
    sample: Sample
    run: RunManifest
    facts: PersonaFacts


@dataclass
class RowSource:
    """The rows of a data set, read anew each time: the same ones in the same order."""

    output: str
    samples: ShownSamples
    form: str
    facts: FactTable
    left_out: Counter[str] = field(default_factory=Counter)  # of the last reading of each use case

    def read(self, use_case: str) -> Iterator[MadeRow]:
        """The rows of a use case; what has none is counted."""
        with ExitStack() as stack:
            rejected = stack.enter_context(RejectedTable()) if self.form == PREFERENCE else None
            if rejected is not None:
                for run in self.samples.use_cases.get(use_case, []):
                    read = read_manifest_files(self.output, run, "rejected", Rejected)
                    rejected.add(one for one in read if one.use_case == use_case)
            for run, sample in self.samples.read_by_run(self.output, use_case):
                facts = self.facts.of(sample.persona_id)
                rows = self.rows_of(sample, facts, rejected)
                if isinstance(rows, str):
                    self.left_out[rows] += 1
                    continue
                for row in rows:
                    yield MadeRow(row, sample, run, facts)

    def rows_of(self, sample: Sample, facts: PersonaFacts, rejected: RejectedTable | None) -> Sequence[FormRow] | str:
        """The rows of one sample, or the reason why it has none."""
        language = facts.language or "und"
        if sample.use_case == "knowledge_text" and language == "und":
            language = detect_language(sample.text)
        if rejected is None:
            return form_rows(self.form, sample, language)
        partner = rejected.partner_of(sample)
        if partner is None:
            return NO_REJECTED
        row = preference_row(sample, partner.sample, partner.sample.reason, partner.same_question, language)
        return row if isinstance(row, str) else [row]


def write_data_set(output: str, samples: ShownSamples, hub: Hub | None, settings: DataSetSettings) -> DataSet:
    """The samples that are shown, with what `hub` knows of their personas, as a data set in `settings.folder`.

    Samples are read three times, in a stream: for their personas, for the split, and to be written. Some 50 bytes are
    held for each row, and those that a reader of the hub holds. Raises HubError where the folder holds another one.
    """
    with FactTable() as facts:
        clusters = gather_facts(output, samples, hub, facts)
        source = RowSource(output, samples, settings.form, facts)
        made = DataSet(settings.form)
        hashes = RowHashes()
        ends = [look_at(source, use_case, made, hashes, settings) for use_case in samples.use_cases]
        made.left_out, made.hidden = Counter(source.left_out), Counter(samples.hidden)
        sides = split_rows(hashes, clusters, settings.test_share)
        made.split_by, made.leaks = sides.by, sides.count(LEAKS)
        bounds = list(zip([0, *ends[:-1]], ends, strict=True))
        for one, (start, end) in zip(made.use_cases, bounds, strict=True):
            part = Sides(sides.sides[start:end], sides.by)
            one.rows = {split: part.count(side) for side, split in enumerate(SPLITS)}
        refuse_leftovers(settings.folder, planned_names(made, settings))
        for one, (start, end) in zip(made.use_cases, bounds, strict=True):
            one.files = write_use_case(source, one, sides.sides[start:end].tolist(), settings)
        made.use_cases = [one for one in made.use_cases if one.files]
    return made


def gather_facts(output: str, samples: ShownSamples, hub: Hub | None, facts: FactTable) -> PersonaClusters:
    """Puts into `facts` what the hub knows of the samples' personas; returns their clusters."""
    clusters = PersonaClusters()
    if hub is None:
        return clusters
    read = (sample for use_case in samples.use_cases for sample in samples.read(output, use_case))
    wanted = np.unique(np.fromiter((hash_of(sample.persona_id) for sample in read), np.uint64))
    samples.hidden.clear()  # counted when the rows are made
    for batch in batches(personas_with_clusters(hub, read_personas(hub)), ARRAY_RECORDS):
        ids = np.array([hash_of(persona.persona_id) for persona, _ in batch], np.uint64)
        found = [one for one, there in zip(batch, np.isin(ids, wanted).tolist(), strict=True) if there]
        known = []
        for persona, columns in found:
            cluster = columns.get("cluster") or None
            if cluster:
                clusters.add(persona.persona_id, cluster)
            known.append(
                (
                    persona.persona_id,
                    PersonaFacts(persona.hop, persona.document_id, persona.source, persona.language, cluster),
                )
            )
        if known:
            facts.add(known)
    return clusters


def look_at(source: RowSource, use_case: str, made: DataSet, hashes: RowHashes, settings: DataSetSettings) -> int:
    """Reads the rows of a use case for what has to be known before any is written; returns how many rows are known."""
    tools, description = False, ""
    for row, sample, _, facts in source.read(use_case):
        hashes.add(sample.persona_id, row.question, row.answers)
        tools = tools or row.tools
        description = description or sample.description
        if facts.language:
            made.languages[facts.language] += 1
        if sample.proof.kind:
            made.proofs[use_case, sample.proof.kind] += 1
        if facts.cluster:
            made.clusters[facts.cluster.split(".")[0]] += 1
    layout = Layout(settings.form, tools, settings.license)
    made.use_cases.append(UseCaseSet(use_case, layout, source.samples.use_cases[use_case], {}, description=description))
    return len(hashes)


def planned_names(made: DataSet, settings: DataSetSettings) -> Iterator[str]:
    """Names of all files that will be written."""
    for one in made.use_cases:
        for split, rows in one.rows.items():
            for format in settings.formats if rows else ():
                yield from data_file_names(one.use_case, split, format, rows, settings.rows_per_file)


def write_use_case(
    source: RowSource, one: UseCaseSet, sides: Sequence[int], settings: DataSetSettings
) -> list[DataFile]:
    """The files of one use case."""
    runs = {run.run: RunFacts.of(run.run, settings.parameters(run)) for run in one.runs}
    made = zip(sides, source.read(one.use_case), strict=True)
    rows = (
        (side, one.layout.row(row, lineage_of(sample, runs[run.run], facts)))
        for side, (row, sample, run, facts) in made
    )
    counts = [one.rows[split] for split in SPLITS]
    return write_rows(settings.folder, one.use_case, one.layout, settings.formats, rows, counts, settings.rows_per_file)
