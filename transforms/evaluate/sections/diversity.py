"""The section `diversity`: words at equal length, meanings, the coverage curve, and groups at one size."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from persona_hub.transforms.evaluate.hub_sums import GROUP_ROWS, HubSums
from persona_hub.transforms.evaluate.sampled import Sampled, stored_vectors
from persona_hub.transforms.evaluation.diversity.coverage import Abundance, abundance_of, rarefied
from persona_hub.transforms.evaluation.diversity.cut_texts import cut_texts, length_for, long_enough
from persona_hub.transforms.evaluation.diversity.distinct_clusters import Labels, cluster_labels
from persona_hub.transforms.evaluation.diversity.lexical import (
    BLEU_GRAM,
    LONG_GRAM,
    compression_ratio,
    distinct_n,
    self_bleu,
    self_repetition,
)
from persona_hub.transforms.evaluation.diversity.moments import mean_cosine_of, vendi_of
from persona_hub.transforms.evaluation.diversity.occupancy import distinct_figure
from persona_hub.transforms.evaluation.figures import Figure
from persona_hub.transforms.evaluation.hash_sample import HashSample
from persona_hub.transforms.evaluation.novelty.extrapolation import FITTED_PART, Extrapolation
from persona_hub.transforms.vectors.float16 import StoredVectors
from persona_hub.transforms.vectors.quantised import quantise

LEXICAL_TEXTS = 2_000  # of the sample, for figures of words
LEAST_TEXTS = 2
CURVE_POINTS, BEYOND = 12, (2, 4, 8, 16)  # sizes up to the sample's, and times it
LABELS_OF_GROUP = ("distinct_2", "self_repetition", "mean_cosine", "vendi", "distinct_clusters")


def word_figures(texts: Sequence[str], length: int) -> dict[str, Any]:
    """Figures of texts cut to `length` words; those of n-grams that are longer are left out."""
    cut = cut_texts(texts, length)
    found: dict[str, Any] = {f"distinct_{n}": distinct_n(cut, n) for n in (1, 2, 3) if n <= length}
    if length >= LONG_GRAM and len(cut.codes) >= LEAST_TEXTS:
        found["self_repetition"] = self_repetition(cut)
    if length >= BLEU_GRAM and len(cut.codes) >= LEAST_TEXTS:
        found["self_bleu"] = self_bleu(cut)
    found["compression_ratio"] = compression_ratio(cut)
    found["left_out_as_short"] = Figure(cut.short / max(len(texts), 1), n=len(texts))
    return found


def repeated_words(texts: Sequence[str], length: int) -> dict[str, Figure]:
    """The two figures of words that groups are compared by, for all of `word_figures` take seven times as long."""
    cut = cut_texts(texts, length)
    found = {"distinct_2": distinct_n(cut, 2)} if length > 1 else {}
    if length >= LONG_GRAM and len(cut.codes) >= LEAST_TEXTS:
        found["self_repetition"] = self_repetition(cut)
    return found


def lexical_side(texts: Sequence[str], length: int) -> dict[str, Any]:
    """`word_figures` a corpus, with what it was cut to."""
    return {"words_of_each_text": length, **word_figures(texts, length)}


def beside_rows(corpora: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """A row for each corpus: as many texts, cut to one length, for few and short texts look diverse.

    Those that are too short are left out first, else the corpus that has more of them would be the one of fewer texts.
    """
    length = common_length(*corpora.values())
    enough = {name: long_enough(texts, length) for name, texts in corpora.items()}
    number = min(map(len, enough.values()))
    return [
        {"of": name, "texts": number, "words_of_each_text": length, **word_figures(enough[name][:number], length)}
        | {"left_out_as_short": Figure(1 - len(enough[name]) / len(texts), n=len(texts))}
        for name, texts in corpora.items()
    ]


def common_length(*corpora: Sequence[str]) -> int:
    """The words that texts of all corpora are cut to."""
    return length_for(*(texts for texts in corpora if texts))


def cluster_figures(labels: Labels) -> dict[str, Figure]:
    """How many distinct clusters rows have, each row, and how many rows the largest has."""
    rows = np.arange(len(labels))
    largest = int(np.bincount(labels).max(initial=0)) if len(labels) else 0
    return {
        "distinct_clusters": distinct_figure(labels, rows),
        "distinct_clusters_a_row": distinct_figure(labels, rows, len(labels)) if len(labels) else Figure(math.nan),
        "largest_cluster": Figure(largest, n=len(labels)),
    }


def meaning_of(sums: HubSums, labels: Labels) -> dict[str, Figure]:
    """Figures of vectors: over all rows, of sampled rows among all, and of the sample."""
    found: dict[str, Figure] = {}
    if sums.moments and sums.nearest:
        found |= {"mean_cosine": sums.moments.mean_cosine, "vendi": sums.moments.vendi}
        found |= {
            "nearest_distance": sums.nearest.mean_distance,
            "nearest_distance_median": sums.nearest.quantile(0.5),
            "alone": sums.nearest.alone,
        }
    return found | cluster_figures(labels)


def coverage_rows(found: Abundance) -> list[dict[str, Any]]:
    """The curve: new clusters of one more row by size, beyond the sample the range between two models."""
    if found.units < FITTED_PART:
        return []
    sizes = np.unique(np.geomspace(FITTED_PART, found.units, CURVE_POINTS).astype(int))[:-1]
    new = rarefied(found, sizes + 1) - rarefied(found, sizes)
    model = Extrapolation(found)
    rows = [
        {"size": int(size), "figure": Figure(float(rate), n=found.units), "extrapolated": False}
        for size, rate in zip(sizes, np.maximum(new, 0.0), strict=True)
    ]
    rows.append({"size": found.units, "figure": Figure(model.rate, n=found.units), "extrapolated": False})
    further = np.array([times * found.units for times in BEYOND], float)
    for size, one, other in zip(further, *model.rates(further), strict=True):
        low, high = sorted((float(one), float(other)))
        figure = Figure((low + high) / 2, low, high, found.units)
        rows.append({"size": int(size), "figure": figure, "extrapolated": True})
    return rows


def group_rows(sums: HubSums, threshold: float) -> list[dict[str, Any]]:
    """A row for each group: figures of GROUP_ROWS of its personas, or of all if they are fewer."""
    kinds = Counter(kind for kind, _ in sums.groups)
    samples = {group: sample for group, sample in sums.groups.items() if kinds[group[0]] > 1}  # one group is the whole
    texts = {group: [text for text, _ in sample.payloads] for group, sample in samples.items()}
    length = common_length(*texts.values()) if texts else 1
    rows = []
    for (kind, name), sample in sorted(samples.items(), key=lambda item: (item[0][0], -item[1].seen, item[0][1])):
        words = repeated_words(texts[kind, name], length)
        vectors = stored_vectors([vector for _, vector in sample.payloads if vector])
        figures = words | group_meaning(vectors, threshold)
        rows.append(
            {"by": kind, "group": name, "personas": sample.seen, "sampled": len(sample.rows)}
            | {label: figures[label] for label in LABELS_OF_GROUP if label in figures}
        )
    return rows


def group_meaning(vectors: StoredVectors, threshold: float) -> dict[str, Figure]:
    """Figures of a few vectors; none of fewer than two."""
    if len(vectors) < LEAST_TEXTS:
        return {}
    rows = quantise(vectors).astype(np.float64)
    products = rows @ rows.T  # of fewer rows than numbers it has the eigenvalues of X^T X, sooner
    mean = mean_cosine_of(len(rows), rows.sum(axis=0), products)
    found = {"mean_cosine": Figure(mean, n=len(rows)), "vendi": Figure(vendi_of(products), n=len(rows))}
    return found | cluster_figures(cluster_labels(vectors, threshold))


def diversity_section(
    sampled: Sampled, sums: HubSums, labels: Labels, threshold: float, others: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """The whole section; `others`: texts to compare with, of samples and of a reference, cut to the same length."""
    texts = [one.text for one in sampled.rows[:LEXICAL_TEXTS]]
    found: dict[str, Any] = {"words": lexical_side(texts, common_length(texts))}
    beside = {"personas": texts, **{name: given[:LEXICAL_TEXTS] for name, given in others.items() if given}}
    if len(beside) > 1:
        found["words_beside"] = beside_rows(beside)
    if len(beside) > 2:  # without the personas, which are mostly shorter than either: of more words more is seen
        found["words_of_samples"] = beside_rows({name: texts for name, texts in beside.items() if name != "personas"})
    if len(sampled.with_vector):
        found |= {"cluster_threshold": threshold, "meaning": meaning_of(sums, labels)}
        found["coverage"] = coverage_rows(abundance_of(np.bincount(labels)))
    found["rows_of_a_group"] = GROUP_ROWS
    return found | {"groups": group_rows(sums, threshold)}


def reference_texts(texts: Sequence[str]) -> list[str]:
    """As many texts of a reference as are compared, by hash of their places."""
    return HashSample(LEXICAL_TEXTS).add([str(at) for at in range(len(texts))], texts).payloads
