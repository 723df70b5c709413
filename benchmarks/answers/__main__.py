"""Equality of answers: false equals over all pairs, equal forms that are found, and time against math-verify alone.

PERSONA_HUB_DATA=DIR python -m benchmarks.answers. Takes all distinct answers of GSM8K and MGSM pairwise, twelve forms
of each in five languages against the plain number and against its neighbour, and the 300 expressions pairwise;
math-verify reads and compares one pair in `SHARE` of the same ones, and what it gets wrong is counted, too.
"""

from __future__ import annotations

import logging
import os
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

from persona_hub.transforms.answers.compare import Verdict, compare_answers
from tests.material.equality.expressions import EXPRESSIONS
from tests.material.equality.forms import LANGUAGES, answers, forms

SHARE = 40  # of the pairs, one is shown to math-verify: it takes milliseconds for each

Pair = tuple[str, str, str, bool]  # stated, other, language, whether they are equal


def answer_pairs(data: Path) -> Iterator[Pair]:
    for one, other in combinations(answers(data), 2):
        yield one, other, "en", one.replace(",", "") == other.replace(",", "")


def form_pairs(data: Path) -> Iterator[Pair]:
    for answer in answers(data):
        value = int(answer.replace(",", ""))
        for language in LANGUAGES:
            for form in forms(value, language):
                yield form, str(value), language, True
                yield form, str(value + 1), language, False


def expression_pairs(data: Path) -> Iterator[Pair]:
    for (one, line), (other, another) in combinations(EXPRESSIONS, 2):
        yield one, other, "en", line == another


def math_verify() -> Callable[[str, str], bool]:
    """math-verify as its page shows it, in this process."""
    from math_verify import parse, verify

    logging.disable(logging.WARNING)
    return lambda one, other: bool(verify(parse(one), parse(other)))


def main() -> None:
    data = Path(os.environ["PERSONA_HUB_DATA"])
    theirs = math_verify()
    theirs("1", "2")
    compare_answers("x+1", "1+x")  # what is loaded late
    for name, pairs in (("answers", answer_pairs), ("forms", form_pairs), ("expressions", expression_pairs)):
        listed = list(pairs(data))
        begin = time.perf_counter()
        got = Counter((equal, compare_answers(one, other, language).name) for one, other, language, equal in listed)
        ours = (time.perf_counter() - begin) / len(listed)
        print(f"{name}: {told(got)}, {ours * 1e6:,.0f} µs each")
        shown = [pair for pair in listed if zlib.crc32("|".join(pair[:3]).encode()) % SHARE == 0]
        begin = time.perf_counter()
        verdicts = Counter(
            (equal, Verdict.EQUAL.name if theirs(one, other) else Verdict.DIFFERENT.name)
            for one, other, _, equal in shown
        )
        each = (time.perf_counter() - begin) / len(shown)
        print(f"  math-verify alone: {told(verdicts)}, {each * 1e6:,.0f} µs each; ours takes {ours / each:.3f} of that")


def told(verdicts: Counter[tuple[bool, str]]) -> str:
    """What came out, of pairs that are equal and of those that are not."""
    equal, found = sum(count for (same, _), count in verdicts.items() if same), verdicts[True, Verdict.EQUAL.name]
    wrong = verdicts[False, Verdict.EQUAL.name]
    share = f"{found / equal:.4f} of {equal:,} equal ones found" if equal else "none of them equal"
    return f"{verdicts.total():,} pairs, {wrong} falsely equal, {share}"


if __name__ == "__main__":
    main()
