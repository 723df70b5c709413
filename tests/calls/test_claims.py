"""Two engines with the same questions at once: each question is sent and paid once, whatever becomes of either."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from persona_hub.transforms.calls.call import Inbox, Stopped
from persona_hub.transforms.calls.claims import AskAgain
from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.protocol import Budget, CallKind, ModelConfig, ModelError
from persona_hub.transforms.embedding.bundle import VECTORS, text_keys, vector_entries, vectors_of_entries
from persona_hub.transforms.embedding.protocol import Texts, Vectors, call_key, text_key
from persona_hub.transforms.llm.protocol import Completion
from persona_hub.transforms.store.protocol import Claim, Put, Renew, Spend
from persona_hub.transforms.store.registry import open_store
from tests.calls.backend import PROMPTS, Make, key_of, outcomes, submit, until


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process's answers are looked for at once."""
    monkeypatch.setattr("persona_hub.transforms.calls.claims.LOOK_SECONDS", 0.02)


def calls_of(address: str) -> int:
    return sum(spend.calls for spend in open_store(address).spend().values())


def test_what_one_engine_asks_another_awaits(make: Make, address: str) -> None:
    one, first = make(lambda prompt: Completion("first", 1, 1), hold=True)
    other, second = make(lambda prompt: Completion("second", 1, 1))
    box = submit(one, ["a"])
    until(lambda: first.now == 1)
    late = submit(other, ["a", "b"])
    [outcome] = [late.arrived.get(timeout=20)]
    assert (outcome.ticket, outcome.answer.text, outcome.paid) == ("b", "second", True)
    first.released.set()
    assert outcomes(box, 1)["a"].answer == Completion("first", 1, 1)
    [outcome] = outcomes(late, 1).values()
    assert (outcome.answer.text, outcome.paid, second.seen) == ("first", False, ["b"])
    assert calls_of(address) == 2


def test_all_questions_of_two_engines_are_paid_once(make: Make, address: str) -> None:
    engines = [make(lambda prompt: Completion(prompt, 1, 1), max_in_flight=3) for _ in range(2)]
    orders = PROMPTS, list(reversed(PROMPTS))
    boxes = [submit(engine, order) for (engine, _), order in zip(engines, orders, strict=True)]
    for box in boxes:
        assert {prompt: out.answer.text for prompt, out in outcomes(box, 10).items()} == {p: p for p in PROMPTS}
    assert sorted(engines[0][1].seen + engines[1][1].seen) == sorted(PROMPTS)
    assert calls_of(address) == 10


def test_two_that_hold_each_others_questions_do_not_wait_for_ever(make: Make) -> None:
    one, first = make(Completion, hold=True)
    other, second = make(Completion, hold=True)
    boxes = submit(one, ["a"]), submit(other, ["b"])
    until(lambda: first.now == second.now == 1)
    submit(one, ["b"], boxes[0])
    submit(other, ["a"], boxes[1])
    first.released.set()
    second.released.set()
    for box in boxes:
        assert sorted(outcomes(box, 2)) == ["a", "b"]


def test_who_fails_leaves_the_question_to_others(make: Make, address: str) -> None:
    def broken(prompt: str) -> Completion:
        raise ModelError("http-422")

    one, first = make(broken, hold=True)
    other, second = make(Completion)
    box = submit(one, ["a"])
    until(lambda: first.now == 1)
    late = submit(other, ["a"])
    first.released.set()
    assert outcomes(box, 1)["a"].answer.reason == "http-422"
    assert outcomes(late, 1)["a"].answer.text == "a"
    assert second.seen == ["a"]


def test_an_abandoned_bundle_leaves_its_questions_to_others(make: Make) -> None:
    one, first = make(Completion, hold=True, max_in_flight=1)
    other, second = make(Completion)
    box = submit(one, ["a", "b", "c"])
    until(lambda: first.now == 1)
    late = submit(other, ["b", "c"])
    one.cancel(box)
    assert sorted(outcomes(late, 2)) == ["b", "c"]
    assert sorted(second.seen) == ["b", "c"]


def test_what_is_asked_again_stays_claimed(make: Make, address: str) -> None:
    engine, backend = make(Completion, hold=True, max_in_flight=1)
    box = submit(engine, ["a", "b", "c"])
    until(lambda: backend.now == 1)
    engine.cancel(box)
    again = submit(engine, ["b"])
    other = open_store(address)
    until(lambda: other.commit([Claim("other", ((key_of("c"),),))]) == [[True]])
    assert other.commit([Claim("other", ((key_of("b"),),))]) == [[False]]
    backend.released.set()
    assert outcomes(again, 1)["b"].answer.text == "b"


def test_a_budget_that_ended_one_engine_lets_another_go_on(make: Make, address: str) -> None:
    one, first = make(Completion, hold=True, max_in_flight=2, budget=Budget(calls=2))
    other, second = make(Completion)
    box = submit(one, PROMPTS)
    until(lambda: first.now == 2)
    late = submit(other, PROMPTS)
    first.released.set()
    assert sum(not isinstance(out.answer, Exception) for out in outcomes(box, 10).values()) == 2
    assert not any(isinstance(out.answer, Exception) for out in outcomes(late, 10).values())
    assert len(second.seen) == 8
    assert calls_of(address) == 10


def test_a_process_that_was_killed_holds_its_questions_for_seconds(
    make: Make, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("persona_hub.transforms.store.sqlite_claims.CLAIM_SECONDS", 1.0)
    killed = open_store(address)
    killed.commit([Renew("killed"), Claim("killed", ((key_of("a"),),))])
    begin = time.monotonic()
    engine, backend = make(Completion)
    assert outcomes(submit(engine, ["a"]), 1)["a"].answer.text == "a"
    assert backend.seen == ["a"]
    assert time.monotonic() - begin > 0.5
    [said] = caplog.messages
    assert said.startswith("waiting for 1 question that another process has claimed; if that one was killed, ")
    assert "at most 15 seconds" in said


def test_who_waits_for_another_hears_the_stop_flag_and_the_end(make: Make, address: str) -> None:
    another = open_store(address)
    another.commit([Renew("another"), Claim("another", ((key_of("a"),), (key_of("b"),)))])
    engine, backend = make(Completion)
    box = submit(engine, ["a"])
    another.set_stop_flag()
    assert isinstance(outcomes(box, 1)["a"].answer, Stopped)
    another.set_stop_flag(False)
    engine, backend = make(Completion)
    box = submit(engine, ["b"])
    engine.close()
    assert isinstance(outcomes(box, 1)["b"].answer, Stopped)
    assert not backend.seen


def test_who_waits_for_another_can_be_cancelled(make: Make, address: str) -> None:
    another = open_store(address)
    another.commit([Renew("another"), Claim("another", ((key_of("a"),),))])
    engine, backend = make(Completion)
    assert engine.claims
    box = submit(engine, ["a"])
    until(lambda: len(engine.claims.held) == 1 if engine.claims else False)
    engine.cancel(box)
    until(lambda: not engine.claims.waiting if engine.claims else False)
    another.commit([Put(key_of("a"), b'["late",1,1]', "s", Spend(1, 1, 1, 0))])
    engine.close()
    assert box.arrived.empty()
    assert not backend.seen


# ---- calls of many texts


class Embedder:
    """Gives each text the vector of its length, once `released`."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def complete(self, request: Texts) -> Vectors:
        self.seen += request.texts
        return Vectors(tuple(text.encode() for text in request.texts), 1)

    async def close(self) -> None:
        pass


@pytest.fixture
def embedding(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Engine, Embedder]]:
    monkeypatch.setattr("persona_hub.transforms.calls.engine.HEARTBEAT_SECONDS", 0.01)
    embedder = Embedder()
    kind = CallKind("test", lambda _: embedder, vector_entries, vectors_of_entries, 9, keys=text_keys)
    engine = Engine(ModelConfig(name="test:e", store=address, timeout=10.0), kind)
    yield engine, embedder
    engine.close()


def texts(*words: str) -> tuple[Texts, list[bytes]]:
    keys = [text_key("test:e", 0, word) for word in words]
    return Texts(words, tuple(keys), 0, tuple(words)), keys


def test_vectors_that_another_process_has_bought_are_not_bought_again(
    embedding: tuple[Engine, Embedder], address: str
) -> None:
    engine, embedder = embedding
    request, keys = texts("one", "two", "three")
    another = open_store(address)
    another.commit([Renew("another"), Claim("another", ((keys[0],), (keys[1],)))])
    inbox = Inbox()
    engine.submit("s", [(call_key(request), request, "whole")], inbox)
    until(lambda: bool(engine.claims and engine.claims.held))
    another.commit([Put(key, b"bought", "s", Spend(1, 1, 0, 0)) for key in keys[:2]])
    assert isinstance(outcomes(inbox, 1)["whole"].answer, AskAgain)
    request, _ = texts("one", "two")
    engine.submit("s", [(call_key(request), request, "bought")], inbox)
    assert outcomes(inbox, 1)["bought"].answer.rows == (b"bought", b"bought")
    assert not embedder.seen


def test_the_keys_of_vectors_are_those_of_their_texts() -> None:
    request, keys = texts("one", "two")
    found: Any = VECTORS.keys(b"call", request)
    assert list(found) == keys
