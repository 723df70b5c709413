"""Raters' files as the page saves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from persona_hub.pipelines.pages.review.items import Item, Pair, Review

Rate = Callable[[Item], tuple[str | None, int | None]]
Compare = Callable[[Pair], str | None]


def item(n: int, arm: str = "hub", **more: Any) -> Item:
    """A sample."""
    known: dict[str, Any] = {"text": f"What is {n} + {n}?", "persona": f"persona {n}", "use_case": "math"}
    return Item(**known | {"persona_id": f"{n:032x}", "number": 0, "model": "offline", "arm": arm} | more)


def rows_of(
    review: Review, rater: str, rate: Rate = lambda _: (None, None), compare: Compare = lambda _: None
) -> list[Mapping[str, Any]]:
    """The rows of a file."""
    head = {"review": 1, "page": review.digest, "rater": rater, "items": len(review.items)}
    rated = [
        {
            "item": one.id,
            "validity": rate(one)[0],
            "fidelity": rate(one)[1],
            "persona": one.persona,
            "text": one.text,
            "use_case": one.use_case,
            "origin": one.origin,
        }
        for one in review.items
    ]
    pairs = [{"pair": [pair.left.id, pair.right.id], "preference": compare(pair)} for pair in review.pairs]
    return [head, *rated, *pairs]


def write_rows(file: Path, rows: list[Mapping[str, Any]]) -> Path:
    """A file of these rows."""
    file.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
    return file
