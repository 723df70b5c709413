"""What the figures of an evaluation cost, and what they are of real personas.

    python -m benchmarks.evaluation cost [ROWS] | figures | linear
    python -m benchmarks.evaluation scale [--personas 1000000] [--samples N] [--folder DIR] [--flags "..."]

`cost`: CPU of each sum, a row, over ROWS rows (20,000): the 5,000 released personas again and again, with the samples
made of them as documents, and 50,000 real vectors, widened to 512 numbers; and CPU of what is computed once, of the
hash sample. `figures`: of released personas, of as many copies, of one template, and of GSM8K, all cut alike. `linear`:
CPU a row of 10,000 and of 40,000 rows. One thread, one process; read ratios. `scale`: the whole command on made hubs of
a million and of a tenth (`scale.py`). All read the folder PERSONA_HUB_DATA.
"""

from __future__ import annotations

import argparse
import json
import pickle
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.evaluation.material import NUMBERS, data, released, vectors_512
from benchmarks.evaluation.scale import scale
from persona_hub.transforms.attributes import read_attributes
from persona_hub.transforms.contamination.masks import word_codes
from persona_hub.transforms.evaluation.diversity.coverage import abundance_of, rarefied
from persona_hub.transforms.evaluation.diversity.cut_texts import CutTexts, cut_texts, length_for
from persona_hub.transforms.evaluation.diversity.distinct_clusters import cluster_sizes
from persona_hub.transforms.evaluation.diversity.lexical import (
    compression_ratio,
    distinct_n,
    self_bleu,
    self_repetition,
)
from persona_hub.transforms.evaluation.diversity.moments import VectorMoments
from persona_hub.transforms.evaluation.diversity.nearest import NearestRows
from persona_hub.transforms.evaluation.fidelity.beside import COMPLEXITY, complexity, word_table
from persona_hub.transforms.evaluation.fidelity.by_vectors import matched, row_cosines
from persona_hub.transforms.evaluation.fidelity.words_found import words_found
from persona_hub.transforms.evaluation.figures import Figure
from persona_hub.transforms.evaluation.group_means import GroupMeans
from persona_hub.transforms.evaluation.hash_sample import HashSample, row_keys
from persona_hub.transforms.evaluation.key_counts import KeyCounts
from persona_hub.transforms.evaluation.novelty.marginal import when_to_stop
from persona_hub.transforms.evaluation.repetition.groups import repeated_share
from persona_hub.transforms.evaluation.repetition.patterns import capitalised_names, openings, template_keys
from persona_hub.transforms.evaluation.repetition.value_counts import ValueCounts, candidates_of
from persona_hub.transforms.similarity.shingles import token_sets

BATCH, SAMPLED, QUERIES = 1000, 2000, 1000
THRESHOLDS = (0.8, 0.9)
BUDGET_US = 300


class Rows:
    """Rows of a hub, as the sums take them, batch by batch."""

    def __init__(self, n: int) -> None:
        rows, vectors = released(), vectors_512()
        self.texts = [rows[i % len(rows)]["input persona"] for i in range(n)]
        self.documents = [rows[i % len(rows)]["synthesized text"] for i in range(n)]
        self.ids = [f"row {i}" for i in range(n)]
        self.vectors = vectors[np.arange(n) % len(vectors)]
        self.languages = ["en"] * n

    def batches(self) -> Iterator[slice]:
        """Where batches lie."""
        return (slice(i, i + BATCH) for i in range(0, len(self.ids), BATCH))


def sums_of(rows: Rows) -> dict[str, tuple[Any, Callable[[Any, slice], Any]]]:
    """{name: (a state, what a batch makes of it)}."""
    sample = HashSample(SAMPLED).add(rows.ids, list(zip(rows.texts, rows.ids, strict=True)))
    texts = [text for text, _ in sample.payloads]
    place = {row_id: at for at, row_id in enumerate(rows.ids)}
    at = [place[row_id] for row_id in sample.ids]
    pool, table = rows.vectors[at], word_table(texts)
    opened = candidates_of([one] for one in openings(texts))
    named = candidates_of(capitalised_names(text, "en") for text in texts)

    def words(state: KeyCounts, b: slice) -> KeyCounts:
        sets = token_sets(*word_codes(rows.texts[b]))
        return state.add(sets.tokens.astype(np.uint64), len(sets.size))

    def keys(b: slice) -> Any:
        return row_keys(rows.ids[b])

    def found(state: GroupMeans, b: slice) -> GroupMeans:
        return state.add(keys(b), words_found(rows.texts[b], rows.documents[b], rows.languages[b]))

    def matching(state: GroupMeans, b: slice) -> GroupMeans:
        v, ids = rows.vectors[b], rows.ids[b]
        return state.add(keys(b), matched(ids, v, ids, v, sample.ids, pool))

    return {
        "hash sample": (HashSample(SAMPLED), lambda s, b: s.add(rows.ids[b], rows.texts[b])),
        "Vendi, mean cosine": (VectorMoments(NUMBERS), lambda s, b: s.add(keys(b), rows.vectors[b])),
        "nearest of 1,000 rows": (
            NearestRows.of(sample.ids[:QUERIES], pool[:QUERIES], 0.9),
            lambda s, b: s.add(rows.ids[b], rows.vectors[b]),
        ),
        "word types": (KeyCounts(), words),
        "templates": (KeyCounts(), lambda s, b: s.add(template_keys(rows.texts[b]), BATCH)),
        "openings": (ValueCounts(opened), lambda s, b: s.add([one] for one in openings(rows.texts[b]))),
        "names": (ValueCounts(named), lambda s, b: s.add(capitalised_names(text, "en") for text in rows.texts[b])),
        "words in the document": (GroupMeans.of("found", "chance"), found),
        "cosine to the root": (
            GroupMeans.of("drift"),
            lambda s, b: s.add(keys(b), row_cosines(rows.vectors[b], rows.vectors[b][::-1])),
        ),
        "blind matching": (GroupMeans.of("matched"), matching),
        "complexity": (GroupMeans.of(*COMPLEXITY), lambda s, b: s.add(keys(b), complexity(rows.texts[b], table))),
    }


def cost_of(rows: Rows) -> dict[str, tuple[float, int]]:
    """{name: (CPU us a row, bytes of the state)}."""
    found = {}
    for name, (state, step) in sums_of(rows).items():
        for b in list(rows.batches())[:2]:  # tables are made, memory is there
            step(state, b)
        begin = time.process_time()
        for b in rows.batches():
            state = step(state, b)
        found[name] = 1e6 * (time.process_time() - begin) / len(rows.ids), len(pickle.dumps(state))
    return found


def cost(n: int) -> None:
    """Prints what each sum costs a row, and what is computed once."""
    rows = Rows(n)
    found = cost_of(rows)
    whole = sum(us for us, _ in found.values())
    for name, (us, size) in found.items():
        print(f"{name:24} {us:7.1f} us  {us / whole:5.1%}  {size / 1e6:8.2f} MB")
    print(f"{'all':24} {whole:7.1f} us of {BUDGET_US}")
    begin = time.process_time()
    for text in rows.texts[:5000]:
        read_attributes(text, "en")
    print(f"for comparison, attributes by rules: {1e6 * (time.process_time() - begin) / 5000:.1f} us a row")
    cut = cut_texts(rows.texts[:SAMPLED], length_for(rows.texts[:SAMPLED]))
    once: dict[str, Callable[[], Any]] = {
        "distinct-n": lambda: [distinct_n(cut, n) for n in (1, 2, 3)],
        "self-repetition": lambda: self_repetition(cut),
        "self-BLEU": lambda: self_bleu(cut),
        "compression ratio": lambda: compression_ratio(cut),
        "clusters of 5,000": lambda: cluster_sizes(rows.vectors[:5000], 0.9),
        "Vendi of 512 numbers": lambda: VectorMoments(NUMBERS).add(row_keys(rows.ids), rows.vectors).vendi,
    }
    for name, work in once.items():
        begin = time.process_time()
        work()
        print(f"{name:24} {time.process_time() - begin:6.2f} s once")


def linear() -> None:
    """Prints CPU a row of few and of many rows."""
    few, many = (sum(us for us, _ in cost_of(Rows(n)).values()) for n in (10_000, 40_000))
    print(f"{few:.0f} us a row of 10,000 rows, {many:.0f} us of 40,000: {many / few:.2f}")


def told(name: str, figure: Figure) -> str:
    """A figure in a column."""
    interval = f" [{figure.low:.3f}, {figure.high:.3f}]" if figure.low is not None else ""
    return f"    {name:22} {figure.value:8.3f}{interval}"


def figures() -> None:
    """Prints the figures of corpora."""
    real = [row["input persona"] for row in released()]
    gsm8k = [json.loads(line)["question"] for line in data("math/gsm8k_test.jsonl").read_text("utf-8").splitlines()]
    number = 1000
    corpora = {
        "released personas": real,
        "one in ten, ten times": real[:100] * 10,
        "one template": [
            f"A nurse from {text.split()[-1].title()} who has {i} cats and reads" for i, text in enumerate(real)
        ],
        "GSM8K": gsm8k,
    }
    samples = {
        name: HashSample(number).add([f"{i}" for i in range(len(texts))], texts).payloads
        for name, texts in corpora.items()
    }
    length = length_for(*samples.values())
    for name, texts in samples.items():
        cut: CutTexts = cut_texts(texts, length)
        print(f"{name}: {len(texts)} texts, {cut.short} shorter than {length} words")
        for n in (1, 2, 3):
            print(told(f"distinct-{n}", distinct_n(cut, n)))
        for work in (self_repetition, self_bleu, compression_ratio):
            print(told(work.__name__, work(cut)))
        print(told("template repeated", repeated_share(KeyCounts().add(template_keys(texts), len(texts)))))
        top = ValueCounts().add([one] for one in openings(texts))
        print(told("10 openings' share", top.share_of_top(10)), [value for value, _ in top.top(3)])
    vectors = vectors_512()[:5000]
    for threshold in THRESHOLDS:
        found = abundance_of(cluster_sizes(vectors, threshold))
        curve = [round(float(one)) for one in rarefied(found, [1250, 2500, 5000])]
        print(f"clusters of 5,000 real vectors at {threshold}: {curve}; {when_to_stop(found)}")


def scaled(given: list[str]) -> None:
    """Reads the flags of `scale`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--personas", type=int, default=1_000_000)
    parser.add_argument("--samples", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "persona-hub-evaluated")
    parser.add_argument("--flags", default="")
    args = parser.parse_args(given)
    scale(args.personas, args.samples, args.folder, shlex.split(args.flags))


if __name__ == "__main__":
    with threadpool_limits(limits=1):
        what, *rest = sys.argv[1:] or ["cost"]
        if what == "cost":
            cost(int(rest[0]) if rest else 20_000)
        elif what == "scale":
            scaled(rest)
        else:
            {"figures": figures, "linear": linear}[what]()
