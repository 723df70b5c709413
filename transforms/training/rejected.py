"""Rejected samples, found again by the persona and the question of a kept one."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

import orjson

from persona_hub.transforms.hub.schemas import from_row, to_row
from persona_hub.transforms.records import Rejected, Sample, text_id
from persona_hub.transforms.training.forms import question_and_answer

# Reasons that say nothing against what a sample says: as an answer it is no worse than the one that was kept.
NO_WORSE = frozenset({"contaminated", "near-duplicate-sample", "undecided", "unsupported-construct", "surplus"})
NOT_TO_BE_SHOWN = frozenset({"control-characters"})  # such a text is no text


class Partner(NamedTuple):
    """A rejected sample for a kept one."""

    sample: Rejected
    same_question: bool  # as the kept one


class RejectedTable:
    """The rejected samples of one use case, in a temporary file; each is given out once."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._db = sqlite3.connect(Path(self._folder.name, "rejected.db"), isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("CREATE TABLE rejected (persona_id TEXT, question TEXT, row BLOB, used INTEGER DEFAULT 0)")
        self._db.execute("CREATE INDEX by_persona ON rejected (persona_id, used, question)")

    def add(self, samples: Iterable[Rejected]) -> None:
        """Notes those that say something wrong."""
        self._db.execute("BEGIN")
        rows = (
            (one.persona_id, question_of(one), orjson.dumps(to_row(one)))
            for one in samples
            if one.reason not in NO_WORSE | NOT_TO_BE_SHOWN and one.text.strip()
        )
        self._db.executemany("INSERT INTO rejected (persona_id, question, row) VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def partner_of(self, sample: Sample) -> Partner | None:
        """One that answers the same question otherwise, else any one made with the same persona; None: there is none.

        The draws of one persona are few, so all that are left are looked at.
        """
        question = question_of(sample)
        found = self._db.execute(
            "SELECT rowid, question, row FROM rejected WHERE persona_id = ? AND used = 0 ORDER BY question <> ?, rowid",
            (sample.persona_id, question),
        )
        for rowid, theirs, row in found.fetchall():
            rejected = from_row(Rejected, orjson.loads(row))
            same = bool(question) and theirs == question
            if not differs(sample, rejected, same):
                continue
            self._db.execute("UPDATE rejected SET used = 1 WHERE rowid = ?", (rowid,))
            return Partner(rejected, same)
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self._folder.cleanup()


def question_of(sample: Sample) -> str:
    """`text_id` of a sample's question; "" of a sample without one of its own."""
    found = question_and_answer(sample)
    return text_id(found[0]) if found else ""


def differs(kept: Sample, rejected: Sample, same_question: bool) -> bool:
    """Whether the two say something different: as answers to their question, or as a whole."""
    ours, theirs = question_and_answer(kept), question_and_answer(rejected)
    if same_question and ours and theirs:
        return text_id(ours[1]) != text_id(theirs[1])
    return text_id(kept.text) != text_id(rejected.text)
