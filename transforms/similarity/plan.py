"""Plans: by which keys the near-duplicates at a threshold are found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.similarity import minhash
from persona_hub.transforms.similarity.arrays import I64, Numbers, ragged, spans
from persona_hub.transforms.similarity.jaccard import Threshold
from persona_hub.transforms.similarity.partition_keys import partition_keys
from persona_hub.transforms.similarity.prefix_keys import prefix_keys
from persona_hub.transforms.similarity.shingles import Tokens, TokenSets, set_hashes

LOWEST_BANDS = 0.7  # below, bands of 128 hashes have 2 rows and everything collides
LOWEST_PARTITION = 0.8  # below, parts hold a token or two
PARTITION_TOKENS = 60  # a longer text would be cut into 7 parts and more at 0.9: bands are fewer
RECALL = 0.9989  # share of the pairs found that lie exactly at the threshold, the hardest: 14 x 9 at 0.9
BUCKET_KEYS = ("minhash", "partition")


@dataclass(frozen=True)
class Plan:
    """Which keys a token set gets; `bands` and `rows` are 0 where no signatures are made."""

    threshold: Threshold
    kind: str  # "bands" | "partition" | "prefix"
    bands: int = 0
    rows: int = 0

    @classmethod
    def of(cls, threshold: float, bucket_keys: str = "minhash", recall: float = RECALL) -> Plan:
        """The plan for a threshold of 0.5 to 1.0. Raises ValueError for what cannot be done."""
        if not 0.5 <= threshold <= 1.0:
            raise InvalidInputError(f"--minhash_threshold {threshold}: a Jaccard similarity from 0.5 to 1.0")
        if bucket_keys not in BUCKET_KEYS:
            raise InvalidInputError(f"--bucket_keys {bucket_keys}: one of {', '.join(BUCKET_KEYS)}")
        if not 0.5 <= recall < 1.0:
            raise InvalidInputError(f"recall {recall}: a share from 0.5 to below 1")
        exact = Threshold.of(threshold)
        if bucket_keys == "partition" and threshold < LOWEST_PARTITION:
            raise InvalidInputError(
                f"--bucket_keys partition: for thresholds from {LOWEST_PARTITION}, not {threshold}; leave the flag out"
            )
        if threshold == 1.0:
            return cls(exact, "partition")
        if threshold < LOWEST_BANDS:
            return cls(exact, "prefix")
        return cls(exact, "partition" if bucket_keys == "partition" else "bands", *bands_for(threshold, recall))

    @property
    def describe(self) -> str:
        """The plan in a line, for people."""
        bands = f"MinHash, {self.bands} bands of {self.rows}, recall {self.recall:.4f} at the threshold and more above"
        if self.threshold.p == self.threshold.q:
            return "equal sets of words, found by their hash: exact"
        return (
            f"Jaccard {self.threshold}, "
            + {
                "bands": bands,
                "partition": f"partition keys: exact; texts of over {PARTITION_TOKENS} words by {bands}",
                "prefix": "rarest words: exact, but time grows faster than the number of rows",
            }[self.kind]
        )

    @cached_property
    def recall(self) -> float:
        """Share of pairs exactly at the threshold that the bands find."""
        similarity = self.threshold.p / self.threshold.q
        return 1 - (1 - similarity**self.rows) ** self.bands if self.bands else 1.0

    def keys(
        self, tokens: Tokens, codes: Numbers, sets: TokenSets, rows: Numbers, table: Numbers | None = None
    ) -> tuple[Numbers, Numbers]:
        """(keys, the row of each) of some rows, none empty: duplicates share one, but for the recall of bands.

        `codes` are the 64-bit hashes of `tokens`; `table` the frequencies that a prefix plan needs.
        """
        if self.kind == "bands":
            return self.band_keys(tokens, codes, rows)
        if self.kind == "prefix":
            assert table is not None, "a prefix plan needs frequencies"
            return prefix_keys(sets, rows, self.threshold, table)
        if not self.bands:  # the threshold is 1
            return set_hashes(sets)[rows], rows
        count = sets.size[rows]
        partitioned = partition_keys(sets, rows[count <= PARTITION_TOKENS], self.threshold)
        long = rows[self.threshold.largest(count) > PARTITION_TOKENS]
        if not len(long):
            return partitioned
        banded = self.band_keys(tokens, codes, long)
        return np.concatenate([partitioned[0], banded[0]]), np.concatenate([partitioned[1], banded[1]])

    def band_keys(self, tokens: Tokens, codes: Numbers, rows: Numbers) -> tuple[Numbers, Numbers]:
        """Keys of the bands of some rows."""
        rows = rows[np.argsort(tokens.size[rows], kind="stable")]
        size = tokens.size[rows]
        at = ragged(spans(tokens.size)[:-1][rows], size)
        some = Tokens(tokens.text, tokens.start[at], tokens.length[at], size)
        signature = minhash.signatures(minhash.sha1_tokens(some, codes[at]), size, self.bands * self.rows)
        keys = minhash.band_keys(signature, self.bands, self.rows)
        return keys.ravel(), np.tile(rows.astype(I64), self.bands)


def bands_for(threshold: float, recall: float) -> tuple[int, int]:
    """(bands, rows): the most selective bands of at most 128 hashes that find the share `recall` at the threshold.

    datasketch's own optimum at 0.9, 5 bands of 25, finds 0.31 of the pairs there.
    """
    for rows in range(minhash.PERMUTATIONS, 0, -1):
        bands = int(np.ceil(np.log1p(-recall) / np.log1p(-(threshold**rows))))
        if bands * rows <= minhash.PERMUTATIONS:
            return bands, rows
    raise AssertionError("one row in each of 128 bands finds any share below 1")
