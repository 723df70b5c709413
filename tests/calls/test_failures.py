"""Which failure is final: every kind of error body that servers send, and what becomes of the question."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_hub.transforms.calls.clients.failures import FAILURES, NO_STATUS, error_in_answer, error_of
from persona_hub.transforms.calls.clients.said import QUOTED, said_of, without_prompt
from persona_hub.transforms.calls.protocol import Verdict
from persona_hub.transforms.secrets import HIDDEN, remembered
from tests.helpers.places import ROOT

WAIT, ACCOUNT, REQUEST, INPUT = Verdict.WAIT, Verdict.ACCOUNT, Verdict.REQUEST, Verdict.INPUT


def openai_form(message: str = "no", code: Any = None, kind: str = "invalid_request_error", param: Any = None) -> Any:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def google_form(code: int, status: str, message: str = "no", **detail: Any) -> Any:
    return {"error": {"code": code, "status": status, "message": message, "details": [detail]}}


PER_DAY = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "50"}]}
PER_MINUTE = {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "quotaValue": "5"}]}
FLAGGED = {"code": 403, "message": "Your chosen model requires moderation", "metadata": {"reasons": ["violence"]}}
PLAN = "You exceeded your current quota, please check your plan and billing details."

# (status, body, reason, verdict, verdict where nothing was answered yet, words of the remedy)
TABLE: list[tuple[int, Any, str, Verdict, Verdict | None, str]] = [
    # wait
    *((status, openai_form(), f"http-{status}", WAIT, None, "") for status in (408, 409, 424, 425, 429)),
    *((status, "<html>Bad Gateway</html>", f"http-{status}", WAIT, None, "") for status in (500, 502, 503, 504, 524)),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}, "http-529", WAIT, None, ""),
    (429, openai_form("Rate limit reached", "rate_limit_exceeded", "requests"), "http-429", WAIT, None, ""),
    (429, google_form(429, "RESOURCE_EXHAUSTED", PLAN, **PER_MINUTE), "http-429", WAIT, None, ""),
    (403, google_form(403, "PERMISSION_DENIED", "Rate Limit Exceeded"), "rate-limit", WAIT, None, ""),
    (200, {"error": {"message": "Provider returned error", "code": 502}}, "http-502", WAIT, None, ""),
    (200, {"error": {"message": "slow down", "code": 429}}, "http-429", WAIT, None, ""),
    (200, {"error": "the engine is gone"}, "error-in-answer", WAIT, None, ""),
    (200, {"error": {"message": "upstream failed"}, "choices": []}, "error-in-answer", WAIT, None, ""),
    # the account
    (402, openai_form("Insufficient credits"), "account-http-402", ACCOUNT, None, "top up"),
    (402, "", "account-http-402", ACCOUNT, None, "the same command goes on"),
    (200, {"error": {"code": 402, "message": "pay"}}, "account-http-402", ACCOUNT, None, "top up"),
    (429, openai_form(PLAN, "insufficient_quota"), "account-insufficient_quota", ACCOUNT, None, "top up"),
    (400, openai_form("Insufficient Balance"), "account-insufficient_quota", ACCOUNT, None, ""),
    (400, openai_form("Hard limit", "billing_hard_limit_reached"), "account-billing", ACCOUNT, None, ""),
    (429, openai_form("Not active", "billing_not_active", "billing_not_active"), "account-billing", ACCOUNT, None, ""),
    (403, google_form(403, "PERMISSION_DENIED", "This API method requires billing to be enabled"), "account-billing",
     ACCOUNT, None, ""),
    (429, google_form(429, "RESOURCE_EXHAUSTED", PLAN, **PER_DAY), "account-daily-quota", ACCOUNT, None, ""),
    (429, google_form(429, "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 0"), "account-daily-quota", ACCOUNT, None, ""),
    (429, openai_form("Rate limit exceeded: free-models-per-day"), "account-daily-quota", ACCOUNT, None, ""),
    # the account half-way, the request at first
    (401, openai_form("Incorrect API key", "invalid_api_key"), "account-http-401", ACCOUNT, REQUEST, "SOME_KEY"),
    (401, "Unauthorized", "account-http-401", ACCOUNT, REQUEST, "SOME_KEY"),
    (400, google_form(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."), "account-http-400",
     ACCOUNT, REQUEST, "SOME_KEY"),
    (400, google_form(400, "INVALID_ARGUMENT", "no", reason="API_KEY_INVALID"), "account-http-400", ACCOUNT, REQUEST,
     "SOME_KEY"),
    (403, openai_form("You may not use this"), "account-http-403", ACCOUNT, REQUEST, "SOME_KEY"),
    (404, openai_form("The model `m` does not exist", "model_not_found"), "account-no-such-model", ACCOUNT, REQUEST,
     "--llm_base_url"),
    (404, google_form(404, "NOT_FOUND", "models/m is not found for API v1"), "account-no-such-model", ACCOUNT,
     REQUEST, "--llm"),
    (400, openai_form("m is not a valid model ID"), "account-no-such-model", ACCOUNT, REQUEST, "--llm"),
    # the request
    (400, openai_form("Unsupported parameter: 'max_tokens'", "unsupported_parameter", param="max_tokens"), "http-400",
     REQUEST, None, "--max_tokens"),
    (400, openai_form("'temperature' does not support 0.5", "unsupported_value", param="temperature"),
     "http-400", REQUEST, None, "--temperature"),
    (400, openai_form("max_tokens is too large: 99999. This model supports at most 4096 completion tokens"), "http-400",
     REQUEST, None, "--max_tokens"),
    (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
     "http-422", REQUEST, None, "--seed"),
    (400, openai_form("Invalid schema for response_format"), "http-400", INPUT, REQUEST, ""),
    (400, openai_form("'response_format' of type 'json_schema' is not supported"), "http-400", REQUEST, None,
     "--llm_extra_body"),
    (400, google_form(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
     "unsupported-region", REQUEST, None, ""),
    (307, "", "http-307", REQUEST, None, "--llm_base_url"),
    # this input; all of the first alike are the request
    (403, {"error": FLAGGED}, "content-filter", INPUT, REQUEST, ""),
    (403, openai_form("Your input was flagged"), "content-filter", INPUT, REQUEST, ""),
    (403, "<html>Access denied by the firewall</html>", "http-403", INPUT, REQUEST, ""),
    (400, openai_form("filtered", "content_filter"), "content-filter", INPUT, REQUEST, ""),
    (400, openai_form("no", "content_policy_violation"), "content-filter", INPUT, REQUEST, ""),
    (400, openai_form("The prompt is too long: 9000 tokens"), "too-long", INPUT, REQUEST, "--max_characters"),
    (400, openai_form("no", "context_length_exceeded"), "too-long", INPUT, REQUEST, "--max_characters"),
    (400, {"error": {"code": 400, "type": "exceed_context_size_error", "message": "request exceeds the context size"}},
     "too-long", INPUT, REQUEST, "--max_characters"),
    (400, google_form(400, "INVALID_ARGUMENT", "The input token count exceeds the maximum"), "too-long", INPUT, REQUEST,
     "--max_characters"),
    (400, openai_form("'max_tokens' is too large: 500. This model's maximum context length is 400 tokens"), "too-long",
     INPUT, REQUEST, "--max_tokens"),
    (413, "<html>Request Entity Too Large</html>", "http-413", INPUT, REQUEST, "--max_characters"),
    (404, "404 page not found", "http-404", INPUT, REQUEST, "--llm_base_url"),
    (400, openai_form("no"), "http-400", INPUT, REQUEST, ""),
    (422, {"detail": "unprocessable"}, "http-422", INPUT, REQUEST, ""),
    (418, "", "http-418", INPUT, REQUEST, ""),
]  # fmt: skip


def bytes_of(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


@pytest.mark.parametrize(("status", "body", "reason", "verdict", "if_first", "remedy"), TABLE)
def test_what_a_server_says_and_what_becomes_of_it(
    status: int, body: Any, reason: str, verdict: Verdict, if_first: Verdict | None, remedy: str
) -> None:
    if status == 200:
        error = error_in_answer(bytes_of(body), "SOME_KEY")
        assert error
    else:
        error = error_of(said_of(status, bytes_of(body)), None, "SOME_KEY")
    assert (error.reason, error.verdict, error.if_first) == (reason, verdict, if_first)
    assert remedy in error.remedy
    assert reason.startswith("account-") == (verdict is ACCOUNT)
    assert not error.paid
    assert error.refused == (verdict is WAIT and (reason in ("http-429", "http-503", "http-529") or status == 403))


@pytest.mark.parametrize("body", [{"choices": [{"message": {"content": 'an "error"'}}]}, {"data": [], "error": None}])
def test_an_answer_that_speaks_of_errors_is_an_answer(body: Any) -> None:
    assert error_in_answer(bytes_of(body)) is None


@pytest.mark.parametrize("wait", [601.0, 86400.0, float("inf"), float("nan")])
def test_a_server_that_asks_to_be_left_alone_for_long_ends_the_job_in_order(wait: float) -> None:
    error = error_of(said_of(429, b"{}"), wait)
    assert (error.reason, error.verdict) == ("account-http-429", ACCOUNT)


def test_the_embedder_s_flags_are_named() -> None:
    assert "--embedder and --embedder_base_url" in error_of(said_of(404, b""), None, "K", "--embedder").remedy


# ---- the server's own words


def test_a_server_s_words_are_shown_on_one_line_without_secrets_and_cut() -> None:
    remembered("planted-key-4711")
    said = (
        f"Incorrect key planted-key-4711\r\n\x1b[31mof\x00 Bearer abcdefgh123 and sk-abcdefghijklmnopqrstu {'x' * 500}"
    )
    shown = error_of(said_of(401, json.dumps({"error": {"message": said}}).encode()), None, "K").detail
    assert shown.startswith(f"Incorrect key {HIDDEN} [31mof {HIDDEN} and {HIDDEN} xxx")
    assert len(shown) == 200
    assert shown.isprintable()


PROMPT = "A letter of the archive in Lviv\nabout the repair of the northern bell tower, 1911, in full."


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"Invalid input: {' '.join(PROMPT.split())}", f"Invalid input: {QUOTED}"),
        ("I will not read about the repair of the northern bell tower, 1911, ever", f"I will not read{{}}{QUOTED}"),
        ("the repair of the roof", "the repair of the roof"),
        ("", ""),
    ],
)
def test_what_a_server_quotes_of_the_prompt_is_not_shown(said: str, shown: str) -> None:
    found = without_prompt(said, [PROMPT])
    assert "northern bell tower" not in found
    assert (QUOTED in found) == (QUOTED in shown)
    if "{}" not in shown:
        assert found == shown


@given(st.text(min_size=30, max_size=90), st.text(max_size=40), st.text(max_size=40))
def test_no_run_of_a_prompt_is_ever_shown(prompt: str, before: str, after: str) -> None:
    quoted = " ".join(prompt.split())
    if len(quoted) >= 30:
        assert quoted not in without_prompt(f"{before}{quoted}{after}", [prompt]) or quoted in QUOTED


NAMES = st.sampled_from(["error", "message", "code", "type", "details", "status", "param", "metadata", "reason", "x"])
VALUES = st.none() | st.booleans() | st.floats() | st.integers() | st.text()


@given(st.recursive(VALUES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner)), st.integers(300, 599))
def test_no_body_breaks_the_reading_of_it(body: Any, status: int) -> None:
    error = error_of(said_of(status, body), None, "K")
    assert error.reason
    assert len(error.detail) <= 200


# ---- the table in the documentation


def rows_of_the_docs() -> list[list[str]]:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    table = text.partition("| the server says |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()[2:]]


def test_the_documentation_has_the_same_table() -> None:
    words = {None: "", WAIT: "wait", ACCOUNT: "the account", REQUEST: "the request", INPUT: "this input"}
    ours = [[row.says, f"`{row.reason}`", words[row.verdict], words[row.if_first]] for row in FAILURES]
    ours += [[says, f"`{reason}`", words[verdict], ""] for says, reason, verdict in NO_STATUS]
    theirs = [[*row, ""][:4] for row in rows_of_the_docs()]
    assert theirs == ours
