"""What a refusal means for all other questions: whether the engine goes on, ends in order, or ends the job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from persona_hub.transforms.calls import engines
from persona_hub.transforms.calls.call import ALIKE_IN_A_ROW, FIRST_ALIKE, Judge
from persona_hub.transforms.calls.engine import Engine, EngineFault
from persona_hub.transforms.calls.protocol import Budget, ModelConfig, ModelError, Verdict
from persona_hub.transforms.llm.protocol import Completion
from persona_hub.transforms.llm.registry import COMPLETIONS
from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.store.registry import open_store
from tests.calls.backend import PROMPTS, Make, key_of, outcomes, submit, until

WAIT, ACCOUNT, REQUEST, INPUT = Verdict.WAIT, Verdict.ACCOUNT, Verdict.REQUEST, Verdict.INPUT


def unpaid() -> ModelError:
    return ModelError("account-http-402", "no credits", ACCOUNT, remedy="top up")


def wrong_key() -> ModelError:
    return ModelError("account-http-401", "wrong key", ACCOUNT, if_first=REQUEST)


def refused(reason: str = "http-400") -> ModelError:
    return ModelError(reason, "no", INPUT, if_first=REQUEST)


def script(*answers: int, error: Callable[[], ModelError], delay: int = 0) -> Callable[[str], Completion]:
    """Answers the prompts of these numbers, and refuses all others."""

    def said(prompt: str) -> Completion:
        if int(prompt.split()[-1]) in answers:
            return Completion(prompt)
        raise error()

    return said


def errors_of(engine: Engine, prompts: list[str]) -> list[tuple[str, Verdict]]:
    found = outcomes(submit(engine, prompts), len(prompts))
    return [
        (error.reason, error.verdict) for prompt in prompts if isinstance(error := found[prompt].answer, ModelError)
    ]


def test_an_account_that_is_used_up_half_way_ends_the_engine_in_order(make: Make, address: str) -> None:
    engine, backend = make(script(0, 1, error=unpaid), max_in_flight=1, budget=Budget(calls=1000))
    assert errors_of(engine, PROMPTS) == [("account-http-402", ACCOUNT)] * 8
    assert backend.seen == PROMPTS[:3]
    assert errors_of(engine, ["prompt 77"]) == [("account-http-402", ACCOUNT)], "nor later"
    assert backend.seen == PROMPTS[:3]
    assert not engine.replaceable
    engine.close()
    store = open_store(address)
    assert store.get_many([key_of(prompt) for prompt in PROMPTS]).keys() == {key_of(prompt) for prompt in PROMPTS[:2]}
    assert store.spend()["s"].calls == 2


def test_what_is_in_flight_when_the_account_ends_is_stored(make: Make, address: str) -> None:
    engine, backend = make(script(0, 1, 2, error=unpaid), hold=True, max_in_flight=4)
    inbox = submit(engine, PROMPTS)
    until(lambda: backend.now == 4)
    backend.released.set()
    answered = {prompt for prompt, outcome in outcomes(inbox, 10).items() if isinstance(outcome.answer, Completion)}
    assert set(PROMPTS[:3]) <= answered
    assert open_store(address).get_many([key_of(prompt) for prompt in answered]).keys() == set(map(key_of, answered))


def test_a_wrong_key_is_the_request_at_first_and_the_account_s_after_answers(make: Make) -> None:
    engine, backend = make(script(error=wrong_key), max_in_flight=1)
    assert errors_of(engine, PROMPTS) == [("http-401", REQUEST)] * 10
    assert len(backend.seen) == 1
    assert engine.replaceable
    engine, _ = make(script(0, error=wrong_key), max_in_flight=1)
    assert errors_of(engine, PROMPTS) == [("account-http-401", ACCOUNT)] * 9


@pytest.mark.parametrize("reason", ["http-400", "http-422", "content-filter", "too-long", "http-413"])
def test_the_first_refused_alike_are_an_error_of_the_request(make: Make, reason: str) -> None:
    prompts = [f"prompt {i}" for i in range(30)]
    engine, backend = make(script(error=lambda: refused(reason)), max_in_flight=1)
    assert errors_of(engine, prompts) == [(reason, INPUT)] * (FIRST_ALIKE - 1) + [(reason, REQUEST)] * 23
    assert len(backend.seen) == FIRST_ALIKE


@pytest.mark.parametrize(("n", "last"), [(1, INPUT), (2, REQUEST), (5, REQUEST)])
def test_all_of_few_are_too_and_a_sole_one_is_not(make: Make, n: int, last: Verdict) -> None:
    engine, _ = make(script(error=refused), max_in_flight=1)
    assert errors_of(engine, PROMPTS[:n]) == [("http-400", INPUT)] * (n - 1) + [("http-400", last)]


def test_an_address_that_is_wrong_is_known_at_once(make: Make) -> None:
    engine, backend = make(script(error=lambda: refused("http-404")), max_in_flight=1)
    assert errors_of(engine, PROMPTS) == [("http-404", REQUEST)] * 10
    assert len(backend.seen) == 1
    engine, _ = make(script(0, error=lambda: refused("http-404")), max_in_flight=1)
    assert errors_of(engine, PROMPTS[:3]) == [("http-404", INPUT)] * 2


def test_where_the_store_has_answers_only_the_refused_are_left(make: Make) -> None:
    prompts = [f"prompt {i}" for i in range(20)]
    engine, _ = make(script(error=lambda: refused("content-filter")), max_in_flight=1)
    engine.found()
    assert errors_of(engine, prompts) == [("content-filter", INPUT)] * 20


def test_a_server_that_refuses_everything_after_answers_has_changed(make: Make) -> None:
    prompts = [f"prompt {i}" for i in range(ALIKE_IN_A_ROW + 5)]
    engine, _ = make(script(0, error=refused), max_in_flight=1)
    found = errors_of(engine, prompts)
    assert found == [("http-400", INPUT)] * (ALIKE_IN_A_ROW - 1) + [("account-http-400", ACCOUNT)] * 5
    engine, _ = make(script(0, error=lambda: refused("content-filter")), max_in_flight=1)
    assert errors_of(engine, [f"other {i}" for i in range(100)]) == [("content-filter", INPUT)] * 99


def test_another_process_that_was_answered_makes_it_the_account_s() -> None:
    answered = False
    judge = Judge(lambda stage: answered, lambda: True)
    assert judge.judged(wrong_key(), "s").verdict is REQUEST
    answered = True
    assert judge.judged(wrong_key(), "s").verdict is ACCOUNT
    assert [judge.judged(refused(), "s").verdict for _ in range(20)] == [INPUT] * 20


def test_spend_of_another_process_counts(make: Make, address: str) -> None:
    other, _ = make()
    engine, _ = make(script(error=wrong_key))
    outcomes(submit(other, ["prompt 1"]), 1)
    assert errors_of(engine, ["prompt 2"]) == [("account-http-401", ACCOUNT)]
    assert open_store(address).spend()["s"] == Spend(1, 0, 0, 0)


def test_of_an_account_s_end_no_new_engine_is_opened_in_the_process(address: str) -> None:
    config = ModelConfig(name="offline", store=address)
    ended = engines.acquire_engine(config, COMPLETIONS)
    ended.queue.ended = unpaid()
    assert engines.acquire_engine(config, COMPLETIONS) is ended
    engines.release_engine(ended)
    engines.release_engine(ended)
    new = engines.acquire_engine(config, COMPLETIONS)
    assert new is not ended
    engines.release_engine(new)


# ---- faults of this program


def test_a_fault_on_the_loop_reaches_all_who_wait(make: Make) -> None:
    engine, backend = make(lambda prompt: Completion(prompt, 2**80, 1), hold=True, max_in_flight=2)
    inbox = submit(engine, PROMPTS)
    until(lambda: backend.now == 2)
    backend.released.set()
    found = [outcome.answer for outcome in outcomes(inbox, 10).values()]
    assert all(isinstance(error, EngineFault) for error in found)
    assert any("TypeError at" in str(error) or "OverflowError" in str(error) for error in found)


def test_a_fault_in_a_callback_reaches_all_who_wait(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, backend = make(hold=True, max_in_flight=2)
    inbox = submit(engine, PROMPTS)
    until(lambda: backend.now == 2)

    def broken() -> None:
        raise RuntimeError("planted words")

    engine.loop.call_soon_threadsafe(broken)
    found = {str(outcome.answer) for outcome in outcomes(inbox, 10).values()}
    assert len(found) == 1
    assert "RuntimeError at test_verdicts.py" in found.pop()
    assert isinstance(engine.ended, EngineFault)
    backend.released.set()
    engine.close()


def test_a_fault_of_the_store_that_it_does_not_name_is_told(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = make(hold=True, max_in_flight=2)

    def broken(jobs: Any) -> list[Any]:
        raise OverflowError("Python int too large to convert to SQLite INTEGER")

    monkeypatch.setattr(engine.store, "commit", broken)
    found = [outcome.answer for outcome in outcomes(submit(engine, PROMPTS), 10).values()]
    assert all(isinstance(error, EngineFault) and "OverflowError at" in str(error) for error in found)
    monkeypatch.undo()
