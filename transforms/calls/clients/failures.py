"""Which failure is final: one table of what servers answer instead of an answer, and what becomes of the question.

docs/models.md has the same table, row by row (a test compares the two). The first row that fits counts. A code is
looked for among all codes, types and statuses of the error's body, words in its message, whatever form the body has.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import orjson

from persona_hub.transforms.calls.call import LONGEST_RETRY_AFTER
from persona_hub.transforms.calls.call import TOO_LARGE as TOO_LARGE
from persona_hub.transforms.calls.clients.said import READ, Said, said_of
from persona_hub.transforms.calls.protocol import ModelError, Verdict, setting_of

WAIT, ACCOUNT, REQUEST, INPUT = Verdict.WAIT, Verdict.ACCOUNT, Verdict.REQUEST, Verdict.INPUT
ANY_ERROR = range(200, 600)
CURABLE = (408, 409, 424, 425, 499)  # and 429, and 5xx
REFUSALS = (200, *range(400, 500))  # 200: an error in the body of an answer

PAY = "top up the account or raise its limit; the same command goes on from there"
KEY = "check the key: it is read from {key}"
MODEL = "check {flag} and {url}"
SHORTER = "shorten the inputs (--max_characters) or the answers (--max_tokens)"
FLAGS_OF_FIELDS = (
    ("max_tokens", "--max_tokens"),
    ("max_completion_tokens", "--max_tokens"),
    ("max_output_tokens", "--max_tokens"),
    ("maxoutputtokens", "--max_tokens"),
    ("temperature", "--temperature"),
    ("top_p", "--top_p"),
    ("topp", "--top_p"),
    ("seed", "--seed"),
    ("dimension", "--embedding_dimensions"),
)
OTHER_FIELD = "leave the parameter out, or give what the server wants with --llm_extra_body"


class Row(NamedTuple):
    """A kind of failure. What is empty fits all."""

    says: str  # the server, as docs/models.md has it
    reason: str  # to count by; STATUS stands for the status
    verdict: Verdict
    if_first: Verdict | None = None
    remedy: str = ""
    statuses: range | tuple[int, ...] = ANY_ERROR
    codes: frozenset[str] = frozenset()
    words: str = ""  # a regular expression; with codes: either fits
    api: bool = False  # only in an error of the API: a page of a proxy or firewall says nothing of the account
    busy: bool = False  # it was too much for the server: fewer calls are sent at once

    def fits(self, said: Said) -> bool:
        """Whether this is what a server said."""
        if said.status not in self.statuses or (self.api and not said.as_json):
            return False
        if not self.codes and not self.words:
            return True
        return not self.codes.isdisjoint(said.codes) or bool(self.words and re.search(self.words, said.words))


def codes(*names: str) -> frozenset[str]:
    """Error codes."""
    return frozenset(names)


FAILURES = (
    Row("402", "account-http-402", ACCOUNT, None, PAY, (402,)),
    Row(
        "a quota of a day, or a free tier without one", "account-daily-quota", ACCOUNT, None, PAY, (200, 403, 429),
        words=r"per[ _-]?day\b|perday|\b[rt]pd\b|daily|\blimit: ?0\b",
    ),
    Row(
        "`insufficient_quota`, a balance that is used up", "account-insufficient_quota", ACCOUNT, None, PAY, REFUSALS,
        codes("insufficient_quota", "insufficient_balance", "insufficient_credits", "exceeded_current_quota_error"),
        r"insufficient[ _](quota|balance|credit|fund)"
        r"|(balance|credits?) (is|are) (too low|not enough|exhausted|used up)"
        r"|(out of|not enough|no more) (credit|balance|fund)|arrear",
    ),
    Row(
        "billing that is off, or over its hard limit", "account-billing", ACCOUNT, None, PAY, (200, 400, 401, 403),
        codes("billing_hard_limit_reached", "billing_not_active", "account_deactivated", "billing_disabled"),
        r"billing (to be|is|account|has|must)|(enable|check|activate) billing|billing_disabled|(hard|spending) limit"
        r"|(account|organi[sz]ation|consumer)\S* .{0,40}(deactivated|suspended|disabled|not active)",
    ),
    Row(
        "the same under 429", "account-billing", ACCOUNT, None, PAY, (429,),
        codes("billing_hard_limit_reached", "billing_not_active"),
    ),
    Row(
        "a key that is wrong, expired or revoked: 401, or its words under 400", "account-http-STATUS", ACCOUNT, REQUEST,
        KEY, (200, 400, 401, 403),
        codes("invalid_api_key", "unauthenticated", "authentication_error"),
        r"api[ _]key\S* (not valid|expired|not found)|api_key_invalid"
        r"|(invalid|incorrect|missing|expired|revoked) api[ _]key",
    ),
    Row("any other 401", "account-http-STATUS", ACCOUNT, REQUEST, KEY, (401,)),
    Row(
        "an input that was flagged: 403 with words of moderation, `content_filter`, `content_policy_violation`, 451",
        "content-filter", INPUT, REQUEST, "", (200, 400, 403, 422, 451),
        codes("content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation_blocked",
              "content_flagged", "data_inspection_failed", "sensitive_content", "prohibited_content", "safety"),
        r"moderation|\bflagged|content[ _](filter|policy|management|safety)|responsible ?ai|safety (system|filter)"
        r"|(usage|safety) polic|data_inspection"
        r"|(inappropriate|sensitive|unsafe|harmful|prohibited|risky?) (content|material|word)"
        r"|content .{0,30}(risk|not allowed|inappropriate|violat)",
    ),
    Row(
        "a country or region that is not served", "unsupported-region", REQUEST, None, "", (200, 400, 403),
        codes("unsupported_country_region_territory"), r"(location|country|region)\S* (is )?not supported",
    ),
    Row(
        "an answer's length beyond what the model can", "http-STATUS", REQUEST, None, "lower --max_tokens",
        (200, 400, 422),
        words=r"(at most|maximum of|up to|less than or equal to) \d+ (completion|output)"
        r"|max_(completion_|output_)?tokens\S* (must be|should be|is too|cannot|exceeds)(?!.{0,120}context)",
    ),
    Row("413", "http-413", INPUT, REQUEST, SHORTER, (413,)),
    Row(
        "an input beyond the context, `context_length_exceeded`", "too-long", INPUT, REQUEST, SHORTER,
        (200, 400, 422, 500),
        codes("context_length_exceeded", "exceed_context_size_error", "string_above_max_length", "request_too_large"),
        r"context (length|window|size)|(prompt|input|request|message)\S* .{0,40}(too long|too large|too many tokens)"
        r"|input token count|exceeds? .{0,40}(token|context|input length)|reduce the length|maximum (input|prompt) ",
    ),
    Row(
        "a rate under 403, 400 or 200, an overloaded server", "rate-limit", WAIT, None, "", (200, 400, 403),
        codes("rate_limit_exceeded", "rate_limit_error", "overloaded_error", "resource_exhausted", "unavailable",
              "server_error", "internal", "deadline_exceeded", "ratelimitexceeded", "userratelimitexceeded"),
        r"rate ?limit|too many requests|overloaded|try again later|temporarily", busy=True,
    ),
    Row(
        "a model that is not there", "account-no-such-model", ACCOUNT, REQUEST, MODEL, (200, 400, 403, 404, 410, 422),
        codes("model_not_found", "model_not_available", "invalid_model", "unknown_model", "deploymentnotfound"),
        r"\bmodels?\b.{0,100}(does not exist|not exist|not found|not a valid model|no longer available|is not available"
        r"|decommissioned)|(no such|unknown|invalid|no) model\b|not a valid model|no endpoints found for",
    ),
    Row(
        "a field or value of the request that it does not take", "http-STATUS", REQUEST, None, OTHER_FIELD,
        (200, 400, 404, 422, 501),
        codes("unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden", "invalid_schema"),
        r"(unsupported|unrecognized|unknown|unexpected|invalid) (request )?(parameter|argument|field|name|keyword)"
        r"|requested parameters|extra (inputs|fields) (are )?not permitted|cannot find field"
        r"|(response_format|json_schema|json schema|guided|temperature|top_p|seed|system role|developer)\S*.{0,60}"
        r"(not supported|unsupported|not allowed|not permitted|not implemented|is not available|does not support)"
        r"|(not support|unsupported).{0,60}(response_format|schema|temperature|top_p|seed|system role)",
    ),
    Row("any other 403 of the API", "account-http-STATUS", ACCOUNT, REQUEST, KEY, (403,), api=True),
    Row("301, 302, 307, 308: no redirect is followed", "http-STATUS", REQUEST, None, MODEL, range(300, 400)),
    Row("404, 405, 410", "http-STATUS", INPUT, REQUEST, MODEL, (404, 405, 410)),
    Row("429, 503, 529", "http-STATUS", WAIT, statuses=(429, 503, 529), busy=True),
    Row("408, 409, 424, 425, 499, 500 and above", "http-STATUS", WAIT, statuses=(*CURABLE, *range(500, 600))),
    Row("any other status from 400 on", "http-STATUS", INPUT, REQUEST, "", range(400, 500)),
    Row("status 200 with any other error in the body", "error-in-answer", WAIT, statuses=range(200, 300)),
)  # fmt: skip

# Failures without a status: transport, and bodies that nobody can read.
TIMEOUT, CONNECTION, UNREADABLE = "timeout", "connection", "unreadable-response"
NO_STATUS = (
    ("no answer within `--call_timeout`", TIMEOUT, WAIT),
    ("a connection that is refused, reset or cut, a garbled head, chunk or compression", CONNECTION, WAIT),
    ("a body that is HTML, empty, or no answer of the protocol", UNREADABLE, WAIT),
    ("a body of more than 16 MB (vectors: 64 MB), unpacked", TOO_LARGE, WAIT),
)


def error_of(said: Said, wait: float | None = None, key: str = "", flag: str = "--llm") -> ModelError:
    """The error that a server's words mean. `key`: where the key is read from; `flag`: what named the model."""
    row = next((row for row in FAILURES if row.fits(said)), FAILURES[-1])
    verdict, reason = row.verdict, row.reason.replace("STATUS", str(said.status))
    remedy = row.remedy.format(key=key, flag=flag, url=setting_of(flag, "base_url"))
    if verdict is WAIT and wait is not None and not wait <= LONGEST_RETRY_AFTER:
        verdict, reason, remedy = ACCOUNT, f"account-{reason}", f"it asks to be left alone for {wait:.0f} s"
    if row.remedy == OTHER_FIELD:
        named = f"{said.param} {said.message}".lower()
        remedy = next((f"change or leave out {own}" for word, own in FLAGS_OF_FIELDS if word in named), remedy)
    return ModelError(reason, said.shown, verdict, wait, row.busy, if_first=row.if_first, remedy=remedy, said=said)


def error_in_answer(body: bytes, key: str = "", flag: str = "--llm") -> ModelError | None:
    """The error that a body holds in place of an answer, though its status is 200; None where it may hold one."""
    if body[:1] not in (b"{", b"["):
        head = body[:READ].lstrip()[:1]
        if head not in (b"{", b"["):
            return ModelError(UNREADABLE, "no JSON under status 200" if head else "an empty body", WAIT)
    if b'"error"' not in body:
        return None
    try:
        parsed = orjson.loads(body)
    except ValueError:
        return None
    answer = parsed[0] if isinstance(parsed, list) and parsed else parsed
    if not isinstance(answer, dict) or not answer.get("error") or answer.get("choices") or answer.get("data"):
        return None
    return error_of(said_of(200, answer), key=key, flag=flag)
