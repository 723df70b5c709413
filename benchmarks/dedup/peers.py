"""Other libraries on the same file of rows: what they keep, and the CPU that it takes them.

    PEERS/bin/python benchmarks/dedup/peers.py NAME FILE      NAME: a function below; PEERS: requirements-bench.in

Prints one line of JSON. Everything counts from the file to the list of kept rows; imports are left out, as ours are.
Texts are lower-cased and split at white space (the rows of `tests.material.rows` have no other separators).
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

THRESHOLD = 0.9
PERMUTATIONS = 128


def cpu() -> float:
    """CPU seconds of this process and its children."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def texts_of(file: str) -> list[str]:
    """The texts of a file of rows, read as fast as Python can."""
    import orjson

    with open(file, "rb") as lines:
        return [orjson.loads(line)["persona"] for line in lines]


def datasketch(file: str) -> Callable[[], list[int]]:
    """MinHash.bulk and MinHashLSH, a row being inserted if the query finds nothing."""
    from datasketch import MinHash, MinHashLSH

    def run() -> list[int]:
        texts = texts_of(file)
        signatures = MinHash.bulk(
            ([token.encode() for token in set(text.lower().split())] for text in texts), num_perm=PERMUTATIONS
        )
        index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
        kept = []
        for i, signature in enumerate(signatures):
            if not index.query(signature):
                index.insert(i, signature, check_duplication=False)
                kept.append(i)
        return kept

    return run


def rensa_flags(file: str) -> Callable[[], list[int]]:
    """The digest matrix and one-shot flags: every member of a group is flagged, the first too; nothing is verified."""
    import rensa

    def run() -> list[int]:
        sets = [text.lower().split() for text in texts_of(file)]
        matrix = rensa.RMinHash.digest_matrix_from_token_sets(sets, PERMUTATIONS, 42)
        flags = rensa.RMinHashLSH(THRESHOLD, PERMUTATIONS, 8).query_duplicate_flags_matrix_one_shot(matrix)
        return [i for i, flag in enumerate(flags) if not flag]

    return run


def rensa_deduplicator(file: str) -> Callable[[], list[int]]:
    """RMinHashDeduplicator with its index of 8 bands."""
    import rensa

    def run() -> list[int]:
        sets = [text.lower().split() for text in texts_of(file)]
        hashes = rensa.RMinHash.from_token_sets(sets, PERMUTATIONS, 42)
        deduplicator = rensa.RMinHashDeduplicator(THRESHOLD, PERMUTATIONS, True, 8, 42)
        added = deduplicator.add_pairs([(str(i), each) for i, each in enumerate(hashes)])
        return [i for i, new in enumerate(added) if new]

    return run


def datatrove(file: str) -> Callable[[], list[int]]:
    """The four stages of its MinHash deduplication in one process, 14 bands of 9, words parted at white space."""
    import datatrove.pipeline.dedup.minhash as minhash
    from datatrove.data import Document
    from datatrove.utils.hashing import HashConfig
    from loguru import logger

    logger.remove()

    class Splitter:
        def word_tokenize(self, text: str) -> list[str]:
            return text.split()

    minhash.load_word_tokenizer = lambda language: Splitter()

    def run() -> list[int]:
        folder = Path(tempfile.mkdtemp())
        config = minhash.MinhashConfig(
            n_grams=1, num_buckets=14, hashes_per_bucket=9, hash_config=HashConfig(precision=64)
        )
        documents = [Document(text=text, id=str(i)) for i, text in enumerate(texts_of(file))]
        stages = {name: str(folder / name) for name in ("signatures", "buckets", "clusters")}
        minhash.MinhashDedupSignature(stages["signatures"], config).run(documents, 0, 1)
        for bucket in range(14):
            minhash.MinhashDedupBuckets(stages["signatures"], stages["buckets"], config=config).run(None, bucket, 14)
        minhash.MinhashDedupCluster(stages["buckets"], stages["clusters"], config=config).run(None, 0, 1)
        kept = minhash.MinhashDedupFilter(stages["clusters"]).run(documents, 0, 1)
        ids = [int(document.id) for document in kept]
        shutil.rmtree(folder)
        return ids

    return run


PEERS: dict[str, Callable[[str], Callable[[], list[int]]]] = {
    peer.__name__: peer for peer in (datasketch, rensa_flags, rensa_deduplicator, datatrove)
}


def measure(name: str, file: str) -> dict[str, Any]:
    """What one peer does."""
    run = PEERS[name](file)
    start = cpu()
    kept = run()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"name": name, "kept": kept, "seconds": cpu() - start, "gigabytes": memory}


if __name__ == "__main__":
    found = measure(sys.argv[1], sys.argv[2])
    print(json.dumps(found | {"kept": len(found["kept"])}))
    if len(sys.argv) > 3:
        Path(sys.argv[3]).write_text(json.dumps(found["kept"]))
