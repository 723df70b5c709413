"""One bundle's texts: asked of the store, then of the engine, many in a call and each kept on its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from persona_hub.transforms.calls.call import Outcome
from persona_hub.transforms.calls.claims import AskAgain
from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.protocol import CallKind, ModelConfig, ModelError, StoreEntry, Verdict
from persona_hub.transforms.calls.window import CallWindow
from persona_hub.transforms.embedding.protocol import (
    NUMBER_BYTES,
    EmbedderConfig,
    PaidEmbedder,
    Texts,
    Vectors,
    call_key,
    text_key,
)
from persona_hub.transforms.embedding.registry import EMBEDDERS, call_limits, split_embedder
from persona_hub.transforms.store.protocol import subject_of

WINDOWS = 2  # of calls in a bundle, so that a slot never waits for the runner


class MixedVectors(RuntimeError):
    """Vectors of two sizes under one name; they cannot be compared."""


@dataclass(frozen=True)
class Lost:
    """Why a text has no vector."""

    reason: str
    detail: str


class VectorBundle:
    """Takes records with their texts; gives (record, vector or Lost), as the answers come.

    Texts are split into calls as they arrive, before the store is asked which it has: what a failed bundle has sent is
    sent again as the same calls, and so finds them under way or stored.
    """

    def __init__(self, stage: str, config: EmbedderConfig, engine: Engine):
        self.config, self.limits = config, call_limits(config)
        self.unanswered = WINDOWS * engine.config.max_in_flight
        self.window = CallWindow(stage, engine)
        self.waiting: list[tuple[Any, str]] = []
        self.tokens = 0  # of what waits, at most
        self.done: list[tuple[Any, bytes | Lost]] = []
        self.size = 0  # bytes of a vector

    def ask(self, records: Sequence[tuple[Any, str]]) -> None:
        """Takes (record, text); calls that are full are sent."""
        for record, text in records:
            tokens = Texts((text,), ()).max_input_tokens
            if self.waiting and (len(self.waiting) >= self.limits.texts or self.tokens + tokens > self.limits.tokens):
                self.flush()
            self.waiting.append((record, text))
            self.tokens += tokens

    def flush(self) -> None:
        """Sends what waits."""
        waiting, self.waiting, self.tokens = self.waiting, [], 0
        keyed = [(text_key(self.config.name, self.config.dimensions, text), record, text) for record, text in waiting]
        self.window.counts["asked"] += len(keyed)
        self._look_up(keyed)

    def answers(self, all_of_them: bool = False) -> Iterator[tuple[Any, bytes | Lost]]:
        """Waits until no more calls are open than a runner may leave so, or none, and gives what is there."""
        if all_of_them:
            self.flush()
        for _ in self.window.arrivals(self._take, 0 if all_of_them else self.unanswered):
            pass
        done, self.done = self.done, []
        yield from done

    def _look_up(self, keyed: Sequence[tuple[bytes, Any, str]]) -> None:
        store = self.window.engine.store
        found = store.get_many([key for key, _, _ in keyed]) if store and keyed else {}
        self.window.counts["cached"] += sum(key in found for key, _, _ in keyed)
        for key, record, _ in keyed:
            if key in found:
                self._give(record, found[key])
        missing = [item for item in keyed if item[0] not in found]
        if found:
            self.window.engine.found()
        if missing:
            self._send(missing)

    def _send(self, items: Sequence[tuple[bytes, Any, str]]) -> None:
        keys, records, texts = zip(*items, strict=True)
        request = Texts(texts, keys, self.config.dimensions, tuple(record.persona_id for record in records))
        self.window.submit([(call_key(request), request, items)])

    def _take(self, outcome: Outcome) -> None:
        items, answer = outcome.ticket, outcome.answer
        if isinstance(answer, Vectors):
            for (_, record, _), row in zip(items, answer.rows, strict=True):
                self._give(record, row)
        elif isinstance(answer, AskAgain):
            self._look_up(items)
        elif not isinstance(answer, ModelError) or answer.fatal:
            raise answer
        elif answer.reason == "budget-exhausted" or answer.verdict is Verdict.ACCOUNT:  # the same command goes on
            self._lose(items, answer)
        elif answer.retry:
            # Every attempt has failed in a way that says nothing of the texts: a hub without vectors is no hub.
            raise ModelError(answer.reason, f"{answer.detail or 'again and again'}; the same command goes on from here")
        elif len(items) > 1:  # one bad text must not take the others with it: by halves it is found in few calls
            self._send(items[: len(items) // 2])
            self._send(items[len(items) // 2 :])
        else:
            self._lose(items, answer)

    def _give(self, record: Any, row: bytes) -> None:
        self.size = self.size or len(row)
        if len(row) != self.size:
            sizes = " and ".join(str(size // NUMBER_BYTES) for size in (self.size, len(row)))
            raise MixedVectors(
                f"--embedder {self.config.name}: vectors of {sizes} numbers; has another model taken its name? Name "
                "another --response_store, or --embedding_dimensions"
            )
        self.window.counts["embedded"] += 1
        self.done.append((record, row))

    def _lose(self, items: Sequence[tuple[bytes, Any, str]], error: ModelError) -> None:
        self.window.counts["lost"] += len(items)
        self.done += [(record, Lost(error.reason, error.detail)) for _, record, _ in items]


def open_client(config: ModelConfig) -> PaidEmbedder:
    """The backend of a paid embedder. Call it inside the event loop that will use it."""
    client: PaidEmbedder = EMBEDDERS.factory(split_embedder(config.name)[0])(config)
    return client


def vector_entries(_: bytes, request: Texts, vectors: Vectors) -> list[StoreEntry]:
    """The entries of a call's vectors in the store: one for each text."""
    subjects = map(subject_of, request.subjects)
    return [StoreEntry(*entry) for entry in zip(request.keys, vectors.rows, subjects, strict=True)]


def vectors_of_entries(values: Sequence[bytes], answer: Vectors | None) -> Vectors:
    """The vectors that entries hold, and what they took."""
    return replace(answer or Vectors(()), rows=tuple(values))


def text_keys(_: bytes, request: Texts) -> tuple[bytes, ...]:
    """The keys of a call's vectors in the store."""
    return request.keys


VECTORS = CallKind("vectors", open_client, vector_entries, vectors_of_entries, recent_answers=16, keys=text_keys)
