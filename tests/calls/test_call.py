"""When a failed call comes again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.calls.call import LONGEST_BACKOFF_SECONDS, Call, Inbox, retry_delay, should_retry
from persona_hub.transforms.calls.clients.http import retry_after, too_large
from persona_hub.transforms.calls.protocol import ModelError, Verdict
from persona_hub.transforms.llm.protocol import Completion, Request
from persona_hub.transforms.store.protocol import Amount


@given(st.integers(1, 60), st.one_of(st.none(), st.floats(0, 600)))
def test_a_retry_never_comes_before_the_server_s_time_and_not_much_later(attempts: int, asked: float | None) -> None:
    wait = retry_delay(ModelError("http-429", verdict=Verdict.WAIT, retry_after=asked), attempts)
    assert wait >= (asked or 0)
    assert wait <= 1.1 * max(asked or 0, min(LONGEST_BACKOFF_SECONDS, 0.25 * 2 ** (attempts - 1)))


def test_waits_grow_and_do_not_fall_together() -> None:
    waits = [
        [retry_delay(ModelError("http-500", verdict=Verdict.WAIT), attempt) for _ in range(200)]
        for attempt in (1, 4, 20)
    ]
    assert max(waits[0]) < min(waits[1]) < max(waits[1]) < min(waits[2])
    for same in waits:
        assert len(set(same)) == 200
        assert max(same) > 1.5 * min(same), "a crowd that was refused together is spread out"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "9", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
    ],
)
def test_a_server_says_when_to_come_back_in_several_ways(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_date_to_come_back_at() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after({"retry-after": later}) == pytest.approx(30, abs=2)


@given(
    st.one_of(st.text(), st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{1,5} \d\d:\d\d:\d\d [-+A-Z0-9]{1,5}"))
)
def test_no_header_breaks_the_reading_of_it(value: str) -> None:
    for name in ("retry-after", "retry-after-ms"):
        wait = retry_after({name: value})
        assert wait is None or wait >= 0


def test_all_who_wait_hear_and_the_first_has_paid() -> None:
    inboxes = [Inbox() for _ in range(3)]
    waiting = [(inbox, name) for inbox, name in zip(inboxes, "abc", strict=True)]
    call = Call(b"k", Request("t", "", "p", "h"), "stage", Amount(1, 600, 0), waiting, attempts=2)
    call.deliver(Completion("yes"), cost=7)
    outcomes = [inbox.arrived.get_nowait() for inbox in inboxes]
    assert [(o.ticket, o.paid, o.cost) for o in outcomes] == [("a", True, 7), ("b", False, 0), ("c", False, 0)]
    assert {o.answer for o in outcomes} == {Completion("yes")}


def test_a_failure_is_paid_by_nobody() -> None:
    inbox = Inbox()
    call = Call(b"k", Request("t", "", "p", "h"), "stage", Amount(), [(inbox, 1)])
    call.deliver(ModelError("http-400"), cost=7)
    outcome = inbox.arrived.get_nowait()
    assert (outcome.paid, outcome.cost) == (False, 0)


def test_a_call_is_wanted_as_long_as_one_waits_for_it() -> None:
    one, other = Inbox(), Inbox()
    call = Call(b"k", Request("t", "", "p", "h"), "stage", Amount(), [(one, 1), (other, 2)])
    one.cancelled = True
    assert call.wanted
    other.cancelled = True
    assert not call.wanted


def test_an_answer_without_end_is_paid_for_twice_at_most() -> None:
    call = Call(b"k", Request("t", "", "p", "h"), "stage", Amount(), [(Inbox(), 1)], attempts=1)
    endless, lost = too_large(1 << 24), ModelError("connection", verdict=Verdict.WAIT)
    assert should_retry(endless, call, attempts=8, now=0.0)
    call.attempts = 2
    assert not should_retry(endless, call, attempts=8, now=0.0)
    assert should_retry(lost, call, attempts=8, now=0.0)
