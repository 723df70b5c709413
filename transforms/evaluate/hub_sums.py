"""The second pass: sums over all personas, which merge to the last bit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from persona_hub.transforms.evaluate.hub_rows import Group, HubRows
from persona_hub.transforms.evaluate.sample_sums import merged_by_name
from persona_hub.transforms.evaluate.sampled import Sampled
from persona_hub.transforms.evaluation.demographics.summary import Demographics
from persona_hub.transforms.evaluation.diversity.moments import MOMENT_GROUPS, VectorMoments
from persona_hub.transforms.evaluation.diversity.nearest import NearestRows
from persona_hub.transforms.evaluation.fidelity.beside import COMPLEXITY, complexity, word_table
from persona_hub.transforms.evaluation.group_means import GroupMeans
from persona_hub.transforms.evaluation.hash_sample import HashSample
from persona_hub.transforms.evaluation.key_counts import KeyCounts
from persona_hub.transforms.evaluation.repetition.patterns import capitalised_names, openings, template_keys
from persona_hub.transforms.evaluation.repetition.value_counts import ValueCounts, candidates_of
from persona_hub.transforms.records import Duplicate
from persona_hub.transforms.similarity.arrays import Numbers
from persona_hub.transforms.wire.batches import Batch

QUERIES = 1_000  # sampled rows whose nearest is looked for among all
MOMENT_NUMBERS = 1_024  # of longer vectors one group: ten would weigh 80 MB and more
MOST_GROUPS = 20  # of each kind, those with the most rows in the sample; the rest are one
GROUP_ROWS = 200  # sampled of each group, so that groups are compared at one size
OTHERS = "all others"


@dataclass(frozen=True, eq=False)
class HubSums:
    """All that is added up over personas. Weighs up to 60 MB, of 512 numbers."""

    openings: ValueCounts
    names: ValueCounts
    moments: VectorMoments | None  # None where there are no vectors
    nearest: NearestRows | None
    templates: KeyCounts = field(default_factory=KeyCounts)
    clusters: ValueCounts = field(default_factory=ValueCounts)  # leaves
    expanded: ValueCounts = field(default_factory=ValueCounts)  # leaves of personas of hop 1 and later
    hops: ValueCounts = field(default_factory=ValueCounts)
    complexity: GroupMeans = field(default_factory=lambda: GroupMeans.of(*COMPLEXITY))
    demographics: Demographics = field(default_factory=Demographics)
    groups: Mapping[Group, HashSample] = field(default_factory=dict)

    def merged(self, other: HubSums) -> HubSums:
        """Both."""
        return replace(
            self,
            openings=self.openings.merged(other.openings),
            names=self.names.merged(other.names),
            moments=self.moments.merged(other.moments) if self.moments and other.moments else None,
            nearest=self.nearest.merged(other.nearest) if self.nearest and other.nearest else None,
            templates=self.templates.merged(other.templates),
            clusters=self.clusters.merged(other.clusters),
            expanded=self.expanded.merged(other.expanded),
            hops=self.hops.merged(other.hops),
            complexity=self.complexity.merged(other.complexity),
            demographics=self.demographics.merged(other.demographics),
            groups=merged_by_name(self.groups, other.groups),
        )


class SecondPass(NamedTuple):
    """What the first pass says of what is to be added up."""

    start: HubSums
    table: Numbers  # how often words occur in the sample
    groups: frozenset[Group]

    def sums_of(self, rows: HubRows) -> HubSums:
        """The sums of a block."""
        start, place = self.start, rows.place
        texts, hops = rows.texts, [one.hop for one in rows.personas]
        named = (capitalised_names(one.text, one.language) for one in rows.personas)
        moments, nearest = start.moments, start.nearest
        if moments and nearest and len(place):
            moments = moments.add(rows.keys[place], rows.vectors)
            nearest = nearest.add([rows.ids[at] for at in place.tolist()], rows.vectors)
        leaves = [[one] if one else [] for one in rows.clusters]
        documents = [one.document_id for one in rows.personas]
        return replace(
            start,
            openings=start.openings.add([one] for one in openings(texts)),
            names=start.names.add(named),
            moments=moments,
            nearest=nearest,
            templates=start.templates.add(template_keys(texts), len(texts)),
            clusters=start.clusters.add(leaves),
            expanded=start.expanded.add(leaf for leaf, hop in zip(leaves, hops, strict=True) if hop),
            hops=start.hops.add([str(hop)] for hop in hops),
            complexity=start.complexity.add(rows.keys, complexity(texts, self.table)),
            demographics=Demographics.of(list(zip(documents, rows.cells, strict=True))),
            groups=self.group_samples(rows),
        )

    def group_samples(self, rows: HubRows) -> dict[Group, HashSample]:
        """Of each group of a block its sample: texts and vectors."""
        members = defaultdict[Group, list[int]](list)
        for at in range(len(rows.personas)):
            for group in rows.groups(at):
                members[group if group in self.groups else (group[0], OTHERS)].append(at)
        return {group: self.group_sample(rows, places) for group, places in members.items()}

    def group_sample(self, rows: HubRows, places: list[int]) -> HashSample:
        """Of the personas at some places a sample: texts and vectors."""

        def payload(k: int) -> tuple[str, bytes]:
            return rows.texts[places[k]], rows.stored(places[k])

        return HashSample(GROUP_ROWS).add_rows(rows.keys[places], [rows.ids[at] for at in places], payload)


def second_pass(sampled: Sampled, threshold: float) -> SecondPass:
    """What is to be added up; `threshold`: cosine at which a row is a neighbour."""
    rows, ids = sampled.rows, sampled.personas.ids
    texts = [one.text for one in rows]
    queried = sampled.with_vector[:QUERIES]
    numbers = sampled.vectors.shape[1]
    moments = nearest = None
    if queried:
        moments = VectorMoments(numbers, MOMENT_GROUPS if numbers <= MOMENT_NUMBERS else 1)
        nearest = NearestRows.of([ids[at] for at in queried], sampled.vectors[: len(queried)], threshold)
    start = HubSums(
        openings=ValueCounts(candidates_of([one] for one in openings(texts))),
        names=ValueCounts(candidates_of(capitalised_names(one.text, one.language) for one in rows)),
        moments=moments,
        nearest=nearest,
    )
    often = Counter(group for one in rows for group in one.groups)
    largest = sorted(often, key=lambda group: (-often[group], group))
    by_kind = defaultdict[str, list[Group]](list)
    for group in largest:
        by_kind[group[0]].append(group)
    groups = frozenset(group for names in by_kind.values() for group in names[:MOST_GROUPS])
    return SecondPass(start, word_table(texts), groups)


def merged_sums(parts: Iterable[HubSums | None]) -> HubSums | None:
    """Sums of several blocks as one; None of nothing."""
    whole: HubSums | None = None
    for part in parts:
        whole = part if whole is None else whole if part is None else whole.merged(part)
    return whole


@dataclass(frozen=True)
class DuplicateSums:
    """What was dropped for what stays."""

    groups: KeyCounts = field(default_factory=KeyCounts)  # by the kept persona that stands for them
    kinds: ValueCounts = field(default_factory=ValueCounts)  # by words, meaning or language
    hops: ValueCounts = field(default_factory=ValueCounts)

    @classmethod
    def of(cls, batch: Batch[Duplicate]) -> DuplicateSums:
        """Of some of them."""
        keys = np.array([int(one.duplicate_of[:16], 16) for one in batch], np.uint64)
        kinds, hops = ([one.kind] for one in batch), ([str(one.hop)] for one in batch)
        return cls(KeyCounts().add(keys, len(batch)), ValueCounts().add(kinds), ValueCounts().add(hops))

    def merged(self, other: DuplicateSums) -> DuplicateSums:
        """Both."""
        return DuplicateSums(
            self.groups.merged(other.groups), self.kinds.merged(other.kinds), self.hops.merged(other.hops)
        )


def merged_duplicates(parts: Iterable[DuplicateSums]) -> DuplicateSums:
    """Sums of several batches as one."""
    whole = DuplicateSums()
    for part in parts:
        whole = whole.merged(part)
    return whole
