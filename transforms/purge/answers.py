"""Erases answers from a response store: those about erased documents and personas, in old ones those with its text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import orjson

from persona_hub.transforms.embedding.protocol import text_key
from persona_hub.transforms.purge.erasure import Erasure
from persona_hub.transforms.records import persona_id
from persona_hub.transforms.store.protocol import ResponseStore, subject_of

FORGOTTEN_AT_ONCE = 1000  # keys of old answers that are removed at once


@dataclass(frozen=True)
class ErasedAnswers:
    """What a purge did to a store."""

    answers: int  # removed
    unnamed: int  # left, of which nobody knows whom they are about
    beyond: Sequence[str]  # what is out of reach, in words


def purge_answers(
    store: ResponseStore, gone: Erasure, texts: Collection[str], embedders: Collection[tuple[str, int]]
) -> ErasedAnswers:
    """Erases the answers about documents and personas gone, then their bytes. Raises StoreError.

    Answers of before the store kept subjects are told by their content: those that hold one of `texts`, of personas and
    samples gone, or a vector of one (`embedders`: names and dimensions). What else they hold cannot be told.
    """
    with closing(store):
        removed = store.erase([subject_of(one) for one in sorted(gone.ids)])
        vectors = {text_key(name, dimensions, text) for name, dimensions in embedders for text in texts}
        wanted = gone.personas | {persona_id(text) for text in texts}
        found: list[bytes] = []
        unnamed = 0
        for key, value in store.without_subject():
            if key in vectors or not wanted.isdisjoint(map(persona_id, strings_of(value))):
                found.append(key)
            else:
                unnamed += 1
        for start in range(0, len(found), FORGOTTEN_AT_ONCE):
            store.forget(found[start : start + FORGOTTEN_AT_ONCE])
        return ErasedAnswers(removed + len(found), unnamed, store.scrub())


def strings_of(value: bytes) -> Iterator[str]:
    """The texts in a stored answer, and in the JSON that such a text may be; none in a vector."""
    try:
        waiting: list[Any] = [orjson.loads(value)]
    except orjson.JSONDecodeError:
        return
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
            try:
                inside = orjson.loads(one)
            except orjson.JSONDecodeError:
                continue
            waiting += [inside] if isinstance(inside, list | dict) else []
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
