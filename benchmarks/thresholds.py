"""Precision and recall of each embedder at each threshold of cosine, on planted pairs.

    python -m benchmarks.thresholds --data DATA [--embedder use --embedder savedmodel:FOLDER] [--show 20] [--normalised]

DATA is the folder with personas/ and math/. `savedmodel` alone is what `examples/savedmodel.py --mean` writes: the mean
of the vectors of SentencePiece's pieces (those of `use`). Precision is over pairs of one language, and depends on the
mix of kinds, which is printed. Translations have a recall of their own. --show prints pairs of each kind, to judge the
labels by; --normalised embeds texts with a small first letter and without their full stop.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from benchmarks.planted_pairs import DIFFERENT, NONSENSE, OTHER_WORDS, SAME, TRANSLATION, Pair, planted_pairs  # noqa: E402
from persona_hub.transforms.embedding.protocol import EmbedderConfig  # noqa: E402
from persona_hub.transforms.embedding.registry import open_embedder  # noqa: E402

WANTED = 0.95
Z = 1.959964  # of 95%
# Which pairs count as right and as wrong: all; those that the dedup of texts leaves; all, and absurd ones as wrong.
PRECISIONS = {
    "precision": (SAME, DIFFERENT),
    "p. of other words": (OTHER_WORDS, DIFFERENT),
    "p. with nonsense": (SAME, (*DIFFERENT, NONSENSE)),
}


def interval(hits: int, trials: int) -> tuple[float, float]:
    """Wilson's score interval of a proportion, at 95%."""
    if not trials:
        return 0.0, 1.0
    share, spread = hits / trials, Z * Z / trials
    half = Z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials))
    return (share + spread / 2 - half) / (1 + spread), (share + spread / 2 + half) / (1 + spread)


def told(hits: int, trials: int) -> str:
    """A proportion with its interval."""
    low, high = interval(hits, trials)
    return f"{hits / trials:.3f} [{low:.3f}, {high:.3f}]" if trials else "    none            "


def cosines(embedder: str, pairs: list[Pair]) -> Any:
    """Cosine of each pair."""
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.first, pair.second)))
    encoder = open_embedder(EmbedderConfig(embedder))
    vectors = np.concatenate([encoder.embed(texts[start : start + 256]) for start in range(0, len(texts), 256)])
    place = {text: n for n, text in enumerate(texts)}
    first, second = (vectors[[place[getattr(pair, side)] for pair in pairs]] for side in ("first", "second"))
    return np.einsum("ij,ij->i", first.astype(np.float64), second.astype(np.float64))


def normalised(text: str) -> str:
    """A text with a small first letter and without its full stop."""
    text = text.strip().removesuffix(".")
    return text[:1].lower() + text[1:]


def over(kinds: Iterable[str], cosine: dict[str, Any], threshold: float) -> int:
    """Pairs of those kinds that the threshold takes for the same."""
    return sum(int((cosine[kind] >= threshold).sum()) for kind in kinds)


def table(embedder: str, pairs: list[Pair]) -> None:
    """Prints the table of an embedder."""
    found, of_kind = cosines(embedder, pairs), np.array([pair.kind for pair in pairs])
    cosine = {kind: found[of_kind == kind] for kind in (*SAME, *DIFFERENT, NONSENSE, TRANSLATION)}
    same = sum(len(cosine[kind]) for kind in SAME)
    print(f"\n{embedder}: precision and recall, 95% intervals; then the share of each kind at the threshold or above")
    names = [*SAME, TRANSLATION, *DIFFERENT, NONSENSE]
    titles = "".join(f"{title:22}" for title in (*PRECISIONS, "recall"))
    print(f"{'':7}{titles}{''.join(f'{name:>13}' for name in names)}")
    lowest: dict[str, float] = {}
    failed: set[str] = set()  # a threshold counts only if all above it do
    for threshold in (step / 200 for step in range(198, 139, -1)):
        rates = []
        for title, (right, wrong) in PRECISIONS.items():
            true, false = (over(kinds, cosine, threshold) for kinds in (right, wrong))
            rates.append(told(true, true + false))
            if true < WANTED * (true + false):
                failed.add(title)
            elif true and title not in failed:
                lowest[title] = threshold
        rates.append(told(over(SAME, cosine, threshold), same))
        shares = "".join(f"{(cosine[name] >= threshold).mean():13.3f}" for name in names)
        print(f"{threshold:.3f}  {''.join(f'{rate:22}' for rate in rates)}{shares}")
    for title in PRECISIONS:
        print(f"lowest threshold with {title} >= {WANTED}: {lowest.get(title, 'none')}")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", action="append")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--normalised", action="store_true")
    options = parser.parse_args()

    pairs = planted_pairs(options.data)
    counts = Counter(pair.kind for pair in pairs)
    print(f"{len(pairs)} pairs: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    print(f"the same persona: {', '.join(SAME)}; another: {', '.join(DIFFERENT)}")
    for kind in counts if options.show else ():
        of_kind = [pair for pair in pairs if pair.kind == kind]
        for pair in random.Random(kind).sample(of_kind, min(options.show, len(of_kind))):
            print(f"{kind}: {pair.first!r}\n{'':{len(kind)}}  {pair.second!r}")
    if options.normalised:
        pairs = [Pair(pair.kind, normalised(pair.first), normalised(pair.second)) for pair in pairs]
    with tempfile.TemporaryDirectory() as folder:
        for embedder in options.embedder or ["use", "hash", "savedmodel"]:
            if embedder == "savedmodel":
                from examples.savedmodel import mean_of_pieces, save  # which imports TensorFlow

                save(folder, *mean_of_pieces())
            table(f"savedmodel:{folder}" if embedder == "savedmodel" else embedder, pairs)


if __name__ == "__main__":
    main()
