"""The section `fidelity`: how far personas drift from the root of their chain, and what must stand beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from persona_hub.transforms.evaluate.hub_sums import HubSums
from persona_hub.transforms.evaluate.sampled import ChainLink, Sampled, stored_vectors
from persona_hub.transforms.evaluation.fidelity.beside import Fidelity, cluster_coverage, normalised_entropy, wang_isola
from persona_hub.transforms.evaluation.fidelity.by_vectors import row_cosines
from persona_hub.transforms.evaluation.figures import Figure
from persona_hub.transforms.evaluation.group_means import GroupMeans
from persona_hub.transforms.evaluation.hash_sample import row_keys

NO_DOCUMENTS = "no texts of documents are at hand; of a hub name the corpus by --input, and they are compared"
NO_CLUSTERS = "not told: these personas have no clusters, as those of a hub that `build` makes have"
UNIFORMITY_ROWS = 2_000  # of the sample: pairs of these


def drift_by_hop(documents: Sequence[str], links: Sequence[ChainLink]) -> dict[str, Figure]:
    """The mean cosine of a persona to the root of its chain, by hop; `documents` are theirs.

    Chains with a persona that was dropped on the way end there, and are left out.
    """
    by_id = {one.persona_id: one for one in links}
    found: dict[int, list[tuple[str, bytes, bytes]]] = {}
    for document, one in zip(documents, links, strict=True):
        root = root_of(one, by_id)
        if one.hop and root:
            found.setdefault(one.hop, []).append((document, one.vector, root.vector))
    figures = {}
    for hop, rows in sorted(found.items()):
        keys = row_keys([document for document, _, _ in rows])
        left, right = stored_vectors([own for _, own, _ in rows]), stored_vectors([root for _, _, root in rows])
        figures[f"cosine_to_root_at_hop_{hop}"] = (
            GroupMeans.of("drift").add(keys, row_cosines(left, right)).figure("drift")
        )
    return figures


def root_of(one: ChainLink, by_id: Mapping[str, ChainLink]) -> ChainLink | None:
    """The persona of hop 0 that a chain began with; None if a link is missing."""
    here: ChainLink | None = one
    for _ in range(one.hop):
        here = by_id.get(here.parent_id) if here else None
    return here if here and here.hop == 0 else None


def fidelity_section(
    sampled: Sampled,
    sums: HubSums,
    matched: Mapping[str, Figure],
    reached: Mapping[str, int] | None,
    documents: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """The whole section; None where there is neither a chain, nor a sample, nor a document.

    `matched`: how well samples tell whose they are, and personas beside their documents; `reached`: samples by the
    cluster of their persona; `documents`: what else is said of these.
    """
    drift = drift_by_hop(sampled.chains.ids, sampled.chains.payloads)
    faithful = {**matched, **drift}
    if not faithful:
        return None
    clusters = dict(sorted(sums.clusters.counts.items()))
    covered = reached if reached is not None else sums.expanded.counts
    whole = Fidelity(
        faithful,
        cluster_coverage(clusters, covered),
        {"over_clusters": normalised_entropy(clusters), "of_vectors": wang_isola(sampled.vectors[:UNIFORMITY_ROWS])},
        sums.complexity.figures,
    )
    return {
        **vars(whole),
        "covered_by": ("samples" if reached is not None else "personas of later hops") if clusters else NO_CLUSTERS,
        **({"document": NO_DOCUMENTS} if documents is None else documents),
    }
