"""The engine: who is asked, who hears, what is stored when, and what becomes of failures."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

from persona_hub.transforms.calls.call import LONGEST_RETRY_AFTER
from persona_hub.transforms.calls.engine import Engine
from persona_hub.transforms.calls.protocol import CallKind, ModelConfig, ModelError, Verdict
from persona_hub.transforms.llm.protocol import Completion, unpack_completion
from persona_hub.transforms.llm.registry import completion_entries, completion_of_entries
from persona_hub.transforms.store.protocol import StoreError
from persona_hub.transforms.store.registry import open_store
from tests.calls.backend import MODEL, PROMPTS, Make, key_of, outcomes, submit, until

# ---- the window


def test_the_window_is_filled_and_never_passed(make: Make) -> None:
    engine, backend = make(hold=True, max_in_flight=3)
    inbox = submit(engine, PROMPTS)
    until(lambda: backend.now == 3)
    backend.released.set()
    assert outcomes(inbox, 10).keys() == set(PROMPTS)
    assert (backend.most, backend.seen) == (3, PROMPTS)


def test_equal_questions_share_a_call_that_the_first_has_paid(make: Make) -> None:
    engine, backend = make(hold=True)
    one, other = submit(engine, ["a", "b"]), submit(engine, ["b", "c"])
    until(lambda: backend.now == 3)
    backend.released.set()
    assert {name: outcome.paid for name, outcome in outcomes(one, 2).items()} == {"a": True, "b": True}
    assert {name: outcome.paid for name, outcome in outcomes(other, 2).items()} == {"b": False, "c": True}
    assert sorted(backend.seen) == ["a", "b", "c"]


def test_an_answer_is_durable_before_anybody_hears_of_it(make: Make, address: str) -> None:
    engine, _ = make(max_in_flight=4)
    inbox = submit(engine, PROMPTS)
    store = open_store(address)
    for _ in PROMPTS:
        prompt = inbox.arrived.get(timeout=20).ticket
        assert unpack_completion(store.get_many([key_of(prompt)])[key_of(prompt)]).text == prompt


def test_the_latest_answers_are_remembered_for_who_looked_before_they_were_stored(make: Make) -> None:
    engine, backend = make(store="", recent=2)
    for prompt in ("a", "b", "a", "c", "b", "a"):
        outcomes(submit(engine, [prompt]), 1)
    assert backend.seen == ["a", "b", "c", "a"]


# ---- what fails


def test_a_call_is_tried_as_often_as_told(make: Make) -> None:
    def broken(prompt: str) -> Completion:
        raise ModelError("http-500", verdict=Verdict.WAIT)

    engine, backend = make(broken, attempts=3)
    outcome = outcomes(submit(engine, ["a"]), 1)["a"]
    assert (str(outcome.answer), outcome.attempts, len(backend.seen)) == ("http-500", 3, 3)


def test_a_retry_that_succeeds_is_an_answer(make: Make) -> None:
    faults = iter([ModelError("connection", verdict=Verdict.WAIT), ModelError("timeout", verdict=Verdict.WAIT)])

    def second_thoughts(prompt: str) -> Completion:
        fault = next(faults, None)
        if fault:
            raise fault
        return Completion("yes")

    engine, _ = make(second_thoughts)
    outcome = outcomes(submit(engine, ["a"]), 1)["a"]
    assert (outcome.answer, outcome.attempts, outcome.paid) == (Completion("yes"), 3, True)


def test_who_waits_for_a_retry_holds_no_slot(make: Make) -> None:
    def refused(prompt: str) -> Completion:
        if prompt == "refused":
            raise ModelError("http-429", verdict=Verdict.WAIT, retry_after=30.0)
        return Completion(prompt)

    engine, _ = make(refused, max_in_flight=1)
    inbox = submit(engine, ["refused", "a", "b"])
    assert {inbox.arrived.get(timeout=20).ticket for _ in range(2)} == {"a", "b"}


@pytest.mark.parametrize("seconds", [LONGEST_RETRY_AFTER + 1, float("inf"), float("nan")])
def test_a_server_that_is_gone_for_long_is_not_waited_for(make: Make, seconds: float) -> None:
    def closed(prompt: str) -> Completion:
        raise ModelError("http-503", verdict=Verdict.WAIT, retry_after=seconds)

    engine, backend = make(closed)
    assert str(outcomes(submit(engine, ["a"]), 1)["a"].answer) == "http-503"
    assert len(backend.seen) == 1


def test_no_answer_in_time_is_an_error_and_frees_the_slot(make: Make) -> None:
    engine, backend = make(hold=True, timeout=0.05, attempts=1, max_in_flight=1)
    found = outcomes(submit(engine, ["a", "b"]), 2)
    assert {str(outcome.answer) for outcome in found.values()} == {"timeout: no answer in 0.05 s"}
    assert backend.most == 1


def test_the_words_of_an_unknown_error_are_kept_to_itself(make: Make) -> None:
    def fault(prompt: str) -> Completion:
        raise RuntimeError(f"cannot send {prompt}")

    engine, _ = make(fault)
    said = str(outcomes(submit(engine, ["planted secret"]), 1)["planted secret"].answer)
    assert re.fullmatch(r"client-error: RuntimeError at test_engine.py:\d+", said)


def test_what_no_request_can_survive_ends_all_at_once(make: Make) -> None:
    def wrong_key(prompt: str) -> Completion:
        raise ModelError("http-401", "the key is wrong", verdict=Verdict.REQUEST)

    engine, backend = make(wrong_key, max_in_flight=2)
    found = outcomes(submit(engine, PROMPTS), 10)
    assert {str(outcome.answer) for outcome in found.values()} == {"http-401: the key is wrong"}
    assert len(backend.seen) <= 2
    assert engine.ended


def test_a_store_that_fails_is_told_and_ends_the_engine(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = make()

    def full(jobs: Any) -> Any:
        raise StoreError("the disk is full")

    monkeypatch.setattr(engine.store, "commit", full)
    found = outcomes(submit(engine, PROMPTS), 10)
    assert {str(outcome.answer) for outcome in found.values()} == {"the disk is full"}


def test_a_backend_that_cannot_be_opened_raises_and_leaves_no_thread(address: str) -> None:
    def fails(config: ModelConfig) -> Any:
        raise ValueError("needs a key")

    before = threading.active_count()
    with pytest.raises(ValueError, match="needs a key"):
        Engine(
            ModelConfig(name=MODEL, store=address),
            CallKind("test", fails, completion_entries, completion_of_entries, 9),
        )
    assert threading.active_count() == before
