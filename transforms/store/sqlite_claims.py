"""Claims of an embedded store: which process asks which question, and which processes live."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from persona_hub.transforms.store.protocol import CLAIM_SECONDS, LOOKUP_KEYS, SKEW_SECONDS, Claim, Claimed, Unclaim

Values = Callable[[Sequence[bytes]], dict[bytes, bytes]]


def beat(db: sqlite3.Connection, owner: str, now: float) -> None:
    """Says that `owner` lives."""
    db.execute("INSERT OR REPLACE INTO alive VALUES (?, ?)", (owner, now + CLAIM_SECONDS))


def living(db: sqlite3.Connection, now: float) -> set[str]:
    """The owners that live."""
    times = (now, now + CLAIM_SECONDS + SKEW_SECONDS)
    return {owner for (owner,) in db.execute("SELECT owner FROM alive WHERE until > ? AND until <= ?", times)}


def claim(db: sqlite3.Connection, job: Claim, now: float, values: Values) -> list[Claimed]:
    """What a Claim results in; `values` are the answers of keys."""
    beat(db, job.owner, now)
    keys = [key for question in job.questions for key in question]
    answers = values(keys)
    others = _others(db, keys, job.owner, living(db, now))
    said: list[Claimed] = []
    for question in job.questions:
        if any(key in others for key in question):
            said.append(False)
        elif any(key in answers for key in question):
            said.append(tuple(answers.get(key) for key in question))
        else:
            said.append(True)
    mine = [
        (key, job.owner) for question, word in zip(job.questions, said, strict=True) if word is True for key in question
    ]
    db.executemany("INSERT OR REPLACE INTO claim VALUES (?, ?)", mine)
    return said


def unclaim(db: sqlite3.Connection, job: Unclaim) -> None:
    """Gives claims back."""
    db.executemany("DELETE FROM claim WHERE key = ? AND owner = ?", [(key, job.owner) for key in job.keys])


def end(db: sqlite3.Connection, keys: Sequence[bytes]) -> None:
    """Ends the claims to keys that have an answer."""
    db.executemany("DELETE FROM claim WHERE key = ?", [(key,) for key in keys])


def leave(db: sqlite3.Connection, owner: str, now: float) -> None:
    """Ends all claims of `owner`, and of those who are dead."""
    db.execute("DELETE FROM alive WHERE owner = ? OR until < ?", (owner, now))
    db.execute("DELETE FROM claim WHERE owner NOT IN (SELECT owner FROM alive)")


def _others(db: sqlite3.Connection, keys: Sequence[bytes], owner: str, alive: set[str]) -> set[bytes]:
    """Those of the keys that others have claimed who live."""
    found: set[bytes] = set()
    for start in range(0, len(keys), LOOKUP_KEYS):
        part = keys[start : start + LOOKUP_KEYS]
        marks = ",".join("?" * len(part))
        rows = db.execute(f"SELECT key, owner FROM claim WHERE key IN ({marks})", tuple(part))  # noqa: S608
        found.update(key for key, other in rows if other != owner and other in alive)
    return found
