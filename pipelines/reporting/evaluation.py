"""What is said of a report that was written: a balance and how it is used, and what a judge was not asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from persona_hub.transforms.evaluate.balance import BALANCE_FOLDER
from persona_hub.transforms.files.storage import join_path
from persona_hub.transforms.reasons import unanswered


def balance_told(found: Mapping[str, Any], output: str) -> Iterator[str]:
    """What a balance came to, and how it is used; nothing where none was asked for."""
    figures = (found.get("demographics") or {}).get("balance")
    if not figures:
        return
    worth, weight, most = (
        figures[name]["value"] for name in ("effective_sample_size", "largest_weight", "largest_quota_sample")
    )
    yield (
        f"balance: {figures['effective_sample_size']['n']:,} personas are worth {worth:,.1f} equal ones, the largest "
        f"weight is {weight:.3g}, a quota sample has at most {int(most):,}"
    )
    table = join_path(output, BALANCE_FOLDER)
    if "quota_sample" in figures and "version" in found.get("hub", {}):
        yield f"use it: persona-hub synthesize --columns {table} --where given.quota=1 --hub ..."
    else:
        yield f"weights: {table}"


def open_questions(found: Mapping[str, Any]) -> dict[str, int]:
    """{reason: questions to a judge that the same command asks again}."""
    rows = (found.get("fidelity") or {}).get("judged_without_answer") or ()
    return {row["reason"]: row["questions"] for row in rows if unanswered(row["reason"])}
