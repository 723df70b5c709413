"""Rows for the benchmarks of near-duplicates: recombined from real personas, with planted near-duplicates.

    python -m tests.material.rows KIND ROWS FILE      KIND: even | template | dense

`even`: heads and tails of real personas, 24 words on average; 1% of the rows are variants of one, and every sixteenth
text begins a cluster of variants whose sizes follow Zipf's law. `template`: half of the rows fill three slots of one
sentence. `dense`: 80,000 rows are variants of one text by two or three words out of 100,000. Seeds are fixed.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

CUTS = frozenset(re.split(" ", "who with that and specializing whose responsible in of for from on"))
ADDED = ["very", "deeply", "local", "experienced", "passionate", "young", "retired"]
SYLLABLES = re.split(" ", "ka ro mi ta ne lo vi sha dor ben el ar zu qui wen ost ley ham ber tin gar mon")
TEMPLATE = (
    "a {} who works as a {} in the city of {} and enjoys reading books hiking with friends cooking dinner and "
    "volunteering at local shelters every weekend"
)
DENSE_ROWS = 80_000
SHARE_OF_ONE = 0.01
SEED = 7


class Maker:
    """Texts out of parts of real personas."""

    def __init__(self, seed: int = SEED):
        self.random = random.Random(seed)
        self.heads: list[list[str]] = []
        self.tails: list[list[str]] = []
        for text in real_personas():
            words = re.findall(r"[a-z0-9]+", text.lower())
            at = next((i for i, word in enumerate(words) if i >= 2 and word in CUTS), 0)
            if at and len(words) >= 6 and len(words) - at >= 3:
                self.heads.append(words[:at])
                self.tails.append(words[at:])
        self.names = list(
            {"".join(self.random.choice(SYLLABLES) for _ in range(self.random.randint(2, 5))) for _ in range(400_000)}
        )
        self.names.sort()

    def name(self) -> str:
        """A rare word, the first of the list far more often than the last."""
        return self.names[int(len(self.names) * self.random.random() ** 5)]

    def base(self) -> list[str]:
        """A text that resembles no other by intent."""
        choice = self.random.choice
        words = [*choice(self.heads), *choice(self.tails)]
        while len(words) < 13 or (len(words) < 24 and self.random.random() < 0.45):
            words += ["and", *choice(self.tails)]
        if self.random.random() < 0.35:
            words += ["in", self.name()]
        return words[:40]

    def variant(self, words: list[str], edits: int) -> list[str]:
        """The text with words replaced, left out, added, or in another order."""
        words = list(words)
        for _ in range(edits):
            kind, at = self.random.random(), self.random.randrange(len(words))
            if kind < 0.5:
                words[at] = self.random.choice(self.random.choice(self.tails))
            elif kind < 0.75 and len(words) > 6:
                del words[at]
            elif kind < 0.9:
                words.insert(at, self.random.choice(ADDED))
            else:
                other = self.random.randrange(len(words))
                words[at], words[other] = words[other], words[at]
        return words

    def cluster(self) -> int:
        """How many variants a text has: Zipf's law with exponent 1.9, at most 2,000."""
        return min(2000, int((1 - self.random.random()) ** (-1 / 0.9)))

    def even(self, rows: int) -> Iterator[str]:
        """Rows of `even`, in random order."""
        one = self.base()
        out = [self.variant(one, self.random.choice([0, 0, 1, 1, 2])) for _ in range(int(rows * SHARE_OF_ONE))]
        while len(out) < rows:
            words = self.base()
            out.append(words)
            if self.random.random() < 0.06:
                out += [self.variant(words, self.random.choice([0, 1, 1, 2, 3])) for _ in range(self.cluster())]
        del out[rows:]
        self.random.shuffle(out)
        return map(" ".join, out)

    def template(self, rows: int) -> Iterator[str]:
        """Rows of `even`, half of them replaced."""
        names = [f"n{i * 2654435761 % 2**32:x}" for i in range(20_000)]
        for text in self.even(rows):
            yield TEMPLATE.format(*self.random.choices(names, k=3)) if self.random.random() < 0.5 else text

    def dense(self, rows: int) -> Iterator[str]:
        """Rows of `even`, a part of them replaced by variants of one text of 24 words."""
        base = [f"base{i}" for i in range(24)]
        share = min(DENSE_ROWS, rows // 2) / rows
        for text in self.even(rows):
            if self.random.random() >= share:
                yield text
                continue
            words = list(base)
            for _ in range(self.random.choice([2, 3, 3, 3])):
                words[self.random.randrange(24)] = f"v{self.random.randrange(100_000)}"
            yield " ".join(words)


def real_personas() -> list[str]:
    """The texts of the released personas."""
    file = Path(os.environ["PERSONA_HUB_DATA"]) / "personas" / "personahub_tool.jsonl.gz"
    return [json.loads(line)["input persona"] for line in gzip.decompress(file.read_bytes()).splitlines()]


def write_rows(kind: str, rows: int, file: Path) -> Path:
    """JSON Lines of `rows` rows, made once."""
    if not file.exists():
        part = file.with_suffix(".part")
        with part.open("w") as out:
            for text in islice(getattr(Maker(), kind)(rows), rows):
                out.write(json.dumps({"persona": text}) + "\n")
        part.replace(file)
    return file


if __name__ == "__main__":
    write_rows(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
