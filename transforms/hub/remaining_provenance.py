"""Support: which personas still follow from a document when some documents are taken down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from persona_hub.transforms.records import Provenance


@dataclass(frozen=True)
class RemainingProvenance:
    """What becomes of the personas that removed documents touch."""

    removed: frozenset[str]  # persona ids that no other document supports
    stays: dict[str, Provenance]  # by persona id, for those that stay: the way of coming about that stands from now on


def remaining_provenance(rows: Iterable[Provenance], removed_documents: AbstractSet[str]) -> RemainingProvenance:
    """The personas of `rows` that stay when `removed_documents` go, and those that do not.

    `rows` are all ways in which the personas in question came about. One of hop 0 stands if its document does; one of a
    later hop stands if its parent does, who stands by one of its own rows, or is not in question at all. A circle of
    relations (each of two personas found again among the other's) stands only if it hangs on a document somewhere.
    """
    waiting: dict[str, list[Provenance]] = defaultdict(list)  # by parent
    rows = sorted(rows, key=lambda row: (row.hop, row.document_id, row.parent_id, row.persona_id))
    known = {row.persona_id for row in rows}
    standing: list[Provenance] = []
    for row in rows:
        if row.hop == 0:
            if row.document_id not in removed_documents:
                standing.append(row)
        elif row.parent_id in known:
            waiting[row.parent_id].append(row)
        else:
            standing.append(row)
    stays: dict[str, Provenance] = {}
    while standing:
        later: list[Provenance] = []
        for row in standing:
            if row.persona_id in stays:
                continue
            stays[row.persona_id] = row
            for child in waiting.pop(row.persona_id, ()):
                later.append(with_root_of(child, row))
        standing = later
    return RemainingProvenance(frozenset(known - stays.keys()), stays)


def with_root_of(child: Provenance, parent: Provenance) -> Provenance:
    """`child` with the document at the root of its parent, which may be another than before."""
    return Provenance(child.persona_id, parent.document_id, parent.source, child.parent_id, child.relation, child.hop)
