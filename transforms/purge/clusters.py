"""What is left of a version's clusters when somebody is erased: sizes, examples, and labels without their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial

import orjson

from persona_hub.transforms.clusters.labels import LEAST_PERSONAS, WORD_BREAK
from persona_hub.transforms.clusters.words import terms_of
from persona_hub.transforms.hub.clusters import read_clusters
from persona_hub.transforms.hub.manifest import Manifest
from persona_hub.transforms.hub.reading import read_personas
from persona_hub.transforms.hub.tombstones import number_of
from persona_hub.transforms.hub.versions import Hub
from persona_hub.transforms.purge.erasure import Erasure
from persona_hub.transforms.purge.rows import Rewritten, rewrite_rows
from persona_hub.transforms.records import Cluster, Member, Persona

Lost = Mapping[str, Counter[str]]  # {cluster: erased personas by language}


def rewritten_clusters(
    output: str, versions: Sequence[Manifest], gone: Erasure, changed: Mapping[str, Rewritten]
) -> Iterator[tuple[str, Rewritten]]:
    """(path, successor) of the tables that counted somebody who is erased; `changed` are the other tables' files.

    A table is read with the oldest version that names it, which made it: later ones may hide whom it counts.
    """
    erased = {row.persona_id: row for one in changed.values() for row in one.dropped if isinstance(row, Persona)}
    seen: set[str] = set()
    for manifest in versions:
        entries = [entry for entry in manifest.files_of("clusters") if entry.path not in seen]
        seen.update(entry.path for entry in entries)
        hub = Hub(output, manifest)
        if not entries or not (members := erased_members(hub, changed)):
            continue
        people = [erased[row.persona_id] for row in members if row.persona_id in erased]
        left = partial(without_members, lost=lost_of(members, erased), words=rare_words(hub, people, gone), gone=gone)
        for entry in entries:
            if made := rewrite_rows(output, entry, Cluster, left):
                yield entry.path, made


def erased_members(hub: Hub, changed: Mapping[str, Rewritten]) -> list[Member]:
    """Rows of the erased that a version shows."""
    tombstones = hub.tombstones()
    return [
        row
        for path, one in sorted(changed.items())
        if any(entry.path == path for entry in hub.manifest.files_of("members"))
        for row in one.dropped
        if not tombstones.hide(row, number_of(path))
    ]


def lost_of(members: Sequence[Member], erased: Mapping[str, Persona]) -> Lost:
    """How many each cluster loses, those above a leaf too."""
    lost: dict[str, Counter[str]] = {}
    for row in members:
        language = erased[row.persona_id].language if row.persona_id in erased else ""
        parts = row.cluster.split(".")
        for depth in range(1, len(parts) + 1):
            lost.setdefault(".".join(parts[:depth]), Counter())[language] += 1
    return lost


def rare_words(hub: Hub, people: Sequence[Persona], gone: Erasure) -> frozenset[str]:
    """Words of labels that erased personas have, and too few of those left."""
    labels = {word for one in read_clusters(hub) for word in one.label.split(WORD_BREAK)}
    theirs = {word for word in labels if any(word in one.text.lower() for one in people)}
    theirs |= {word for one in people for word in terms_of(one.text, one.language)} & labels
    if not theirs:
        return frozenset()
    left: Counter[str] = Counter()
    for persona in read_personas(hub):
        if persona.persona_id not in gone.personas:
            left.update(theirs & terms_of(persona.text, persona.language))
    return frozenset(word for word in theirs if left[word] < LEAST_PERSONAS)


def without_members(row: Cluster, lost: Lost, words: AbstractSet[str], gone: Erasure) -> Cluster | None:
    """The row without those that it loses; None where nobody is left."""
    fewer = lost.get(row.cluster, Counter())
    if row.size <= fewer.total():
        return None
    languages = {code: n - fewer[code] for code, n in orjson.loads(row.languages).items() if n > fewer[code]}
    found = replace(
        row,
        size=row.size - fewer.total(),
        languages=orjson.dumps(languages).decode(),
        examples=" ".join(one for one in row.examples.split() if one not in gone.personas),
        label=WORD_BREAK.join(word for word in row.label.split(WORD_BREAK) if word not in words),
    )
    return row if found == row else found
