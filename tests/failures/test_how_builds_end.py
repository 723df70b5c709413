"""How a build ends for each way in which a server fails: exit code, manifest, and what a second run sends.

The rows are those of docs/models.md, as a user meets them. A build asks about eight documents; each row says what the
server answers, and the second run meets a server that has been mended. Failures that leave other questions alone share
a build, each with a document of its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, FAILED
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import content_id
from tests.helpers.hubs import dead_letters
from tests.helpers.paid import SUBJECTS, corpus_of
from tests.servers.models.launch import FakeServer

DOCUMENTS = 8
ALL = len(SUBJECTS)  # documents of a build that several failures share
ONE = SUBJECTS[0]  # a word that one document holds
KEY = "sk-of-this-test-0123456789"
SAME = {"text": '{"persona": "A keeper of clocks who counts each winter"}'}  # to every question
CUT = {"text": '{"persona": "A keeper of clocks who', "finish": "length"}
EATEN = {
    "message": {"content": None, "reasoning_content": "Who would read this? " * 20},
    "finish": "length",
    "usage": {"prompt_tokens": 90, "completion_tokens": 512, "completion_tokens_details": {"reasoning_tokens": 512}},
}


def error(message: str, code: Any = None, param: str | None = None) -> dict[str, Any]:
    """An error as OpenAI's protocol has it."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


@dataclass(frozen=True)
class Case:
    """What a server does, and how a build ends by it."""

    name: str
    script: list[dict[str, Any]] = field(default_factory=list)
    refuses: list[str] = field(default_factory=list)
    flags: tuple[str, ...] = ()
    code: int = DONE
    partial: dict[str, int] = field(default_factory=dict)  # of the manifest
    letters: dict[str, int] = field(default_factory=dict)  # dead letters by reason
    says: tuple[str, ...] = ()  # on the terminal
    sent: int | None = DOCUMENTS  # calls of the first run; None: more or fewer, as retries fall
    again: int = 0  # calls of the second run
    then: tuple[str, ...] = ()  # flags of the second run
    kept: int | None = None  # personas; None: one of each document that was not lost
    gemini: bool = False
    documents: int = DOCUMENTS
    lost: tuple[str, ...] = ()  # reasons, of the first documents in their order
    outcomes: dict[str, int] = field(default_factory=dict)  # calls by the name of the rule that answered them


def account(reason: str, rule: dict[str, Any], *says: str, **more: Any) -> Case:
    """The account is refused after two answers: a spent budget, as it were."""
    script = [{"after": 2, **rule}]
    return Case(
        f"{reason} half-way", script, code=BUDGET_SPENT, partial={reason: 6}, letters={reason: 6}, sent=3, again=6,
        says=(*says, "refused the account", "the same command goes on"), flags=("--max_in_flight=1",), **more,
    )  # fmt: skip


def request(name: str, rule: dict[str, Any], *says: str, **more: Any) -> Case:
    """Every question is refused: the job ends, and nothing is published."""
    return Case(name, [rule], code=FAILED, says=says, sent=None, again=DOCUMENTS, **more)


def inputs(name: str, *rows: tuple[str, str, dict[str, Any]], **more: Any) -> Case:
    """One document for each row (name, reason, rule) is refused, and the rest goes on; nothing is left to ask."""
    script = [{"word": word, "name": one, **rule} for word, (one, _, rule) in zip(SUBJECTS, rows, strict=False)]
    lost = tuple(reason for _, reason, _ in rows)
    return Case(name, script, lost=lost, letters=Counter(lost), documents=ALL, sent=ALL,
                outcomes={one: 1 for one, _, _ in rows}, **more)  # fmt: skip


def waits(name: str, *rows: tuple[str, dict[str, Any]], **more: Any) -> Case:
    """For each row (name, rule) the server fails twice about one document, and answers every question all the same."""
    script = [{"word": word, "last": 2, "name": one, **rule} for word, (one, rule) in zip(SUBJECTS, rows, strict=False)]
    return Case(name, script, documents=ALL, sent=ALL + 2 * len(rows), outcomes={one: 2 for one, _ in rows}, **more)


CASES = [
    account("account-http-402", {"status": 402, "json": error("Insufficient Balance")}, "Insufficient Balance"),
    account("account-insufficient_quota", {"status": 429, "json": error("Quota is gone", "insufficient_quota")}),
    account("account-http-401", {"status": 401, "json": error("This key was revoked")}, "This key was revoked"),
    account("account-http-403", {"status": 403, "json": error("Access was withdrawn")}, "Access was withdrawn"),
    account("account-http-402", {"json": {"error": {"code": 402, "message": "Pay first"}}, "paid": False}, "Pay first"),
    request("a wrong key", {"status": 401, "json": error("No such key")}, "http-401", "No such key", "OPENAI_API_KEY"),
    request("an unknown model", {"status": 404, "json": error("no model m", "model_not_found")}, "no model m", "--llm"),
    request("a field it does not know", {"status": 400, "json": error("Unknown parameter: 'x'", "unknown_parameter")},
            "Unknown parameter: 'x'"),
    request("all too long", {"status": 400, "json": error("too long by 9", "context_length_exceeded")},
            "too long by 9", "--max_characters"),
    request("all refused without a cause", {"status": 422, "json": error("not like this")}, "not like this"),
    request("a redirect", {"status": 307, "headers": {"Location": "http://127.0.0.1:9/v1/chat/completions"}},
            "http-307"),
    request("thoughts that eat all tokens", EATEN, "--max_tokens", then=("--max_tokens=2048",)),
    Case("max_tokens refused", refuses=["max_tokens"], sent=None),
    Case("json_schema refused", [SAME], ["json_schema"], sent=None, kept=1),
    Case("both kinds of JSON refused", [SAME], ["json_schema", "json_object"], sent=None, kept=1),
    Case("a temperature that was asked for, refused", refuses=["temperature"], flags=("--temperature=0.3",),
         then=("--temperature=0.3",), code=FAILED, sent=None, again=DOCUMENTS, says=("--temperature",)),
    inputs("questions that are refused",
           ("flagged", "content-filter", {"status": 403, "json": error("m requires moderation: flagged")}),
           ("a filter of the provider", "content-filter", {"status": 400, "json": error("no", "content_filter")}),
           ("one too long", "too-long", {"status": 400, "json": error("9 over", "context_length_exceeded")}),
           ("413", "http-413", {"status": 413, "json": error("too much")}),
           ("422", "http-422", {"status": 422, "json": error("no")}),
           ("filtered half-way", "content-filter", {"text": '{"persona": "A k', "finish": "content_filter"}),
           ("refused in words", "refused", {"message": {"content": None, "refusal": "I will not"}})),
    Case("404 for one", [{"after": 2, "last": 1, "status": 404, "json": error("no")}], letters={"http-404": 1},
         flags=("--max_in_flight=1",)),
    waits("what passes with time",
          ("429", {"status": 429, "headers": {"Retry-After": "0"}, "json": error("slow down")}),
          ("529", {"status": 529, "json": error("Overloaded")}),
          ("503 as a page", {"status": 503, "headers": {"Content-Type": "text/html"}, "body": "<html>later</html>"}),
          ("502", {"status": 502, "body": "<html>bad gateway</html>"}),
          ("a login page under 200", {"headers": {"Content-Type": "text/html"}, "body": "<html>in</html>",
                                      "paid": False}),
          ("an error under 200", {"json": {"error": {"code": 429, "message": "busy"}}, "paid": False}),
          ("a garbled head", {"wire": "HTTP/1.1 2oo OK\r\nContent-Length: 3\r\n\r\n{}}", "paid": False}),
          ("a bad chunk", {"wire": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", "paid": False}),
          ("shorter than it says", {"wire": "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", "paid": False})),
    Case("a server that is gone for one", [{"word": ONE, "status": 500}], flags=("--call_attempts=2",), sent=9,
         code=BUDGET_SPENT, partial={"http-500": 1}, letters={"http-500": 1}, again=1, says=("without an answer",)),
    Case("all cut off", [CUT], code=BUDGET_SPENT, partial={"malformed": 8}, letters={"malformed": 8}, sent=None,
         again=8, says=("more answers were lost than --max_lost allows",)),
    Case("a call of a tool in place of an answer", [{"word": ONE, "message": {"content": None, "tool_calls": [
        {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, "finish": "tool_calls"}],
         code=BUDGET_SPENT, partial={"malformed": 1}, letters={"malformed": 1}, sent=9, again=1),
    Case("no usage", [{"usage": "none"}], says=("estimated",)),
    Case("a usage of nonsense", [{"usage": {"prompt_tokens": 1e300, "completion_tokens": -4}}], says=("estimated",)),
    inputs("Gemini: questions that are refused",
           ("flagged prompt", "content-filter", {"json": {"promptFeedback": {"blockReason": "SAFETY"}}}),
           ("filtered answer", "content-filter", {"text": "A k", "finish": "SAFETY"}), gemini=True),
    request("Gemini: a wrong key", {"status": 400, "json": {"error": {"code": 400, "status": "INVALID_ARGUMENT",
            "message": "API key not valid. Please pass a valid API key."}}}, "API key not valid", gemini=True),
    waits("Gemini: what passes with time",
          ("too many requests", {"status": 429, "json": {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED",
           "message": "Resource has been exhausted (e.g. check quota)."}}}), gemini=True),
    Case("Gemini: cut off", [{**CUT, "finish": "MAX_TOKENS"}], code=BUDGET_SPENT, partial={"malformed": 8},
         letters={"malformed": 8}, sent=None, again=8, gemini=True),
]  # fmt: skip


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, which no output may hold."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_how_a_build_ends(case: Case, server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.tell(script=case.script, refuses_fields=case.refuses)
    out = tmp_path / "out"
    model = ["--llm=gemini:m", f"--llm_base_url={server.root}"] if case.gemini else [
        "--llm=openai:m", f"--llm_base_url={server.url}",
    ]  # fmt: skip
    # Without a part that no server concerns, a build takes two thirds of its time.
    shape = ["--expand_hops=0", "--embedding_threshold=1.0"]
    corpus = corpus_of(tmp_path, case.documents)
    command = ["build", f"--input={corpus}", f"--output={out}", *shape, *model]
    code = main([*command, *case.flags])
    said = "".join(capsys.readouterr())
    assert code == case.code, said
    assert all(words in said for words in case.says), said
    assert KEY not in said
    assert "nothing is to be done" not in said
    calls = server.counts()["calls"]
    if case.sent is not None:
        assert calls == case.sent
    outcomes = server.outcomes()
    assert {name: outcomes.get(name, 0) for name in case.outcomes} == case.outcomes

    if case.code == FAILED:
        assert not (out / "hub" / "CURRENT").exists()
    else:
        manifest = open_hub(str(out)).manifest
        assert manifest.partial == case.partial
        assert manifest.records_of("personas") == (case.kept or case.documents - sum(case.letters.values()))
        letters = dead_letters(out)
        assert Counter(letter["reason"] for letter in letters) == case.letters
        if case.lost:
            texts = (orjson.loads(line)["text"] for line in corpus.read_bytes().splitlines())
            lost = dict(zip(map(content_id, texts), case.lost, strict=False))
            assert {letter["key"]: letter["reason"] for letter in letters} == lost

    if case.refuses and case.code == FAILED:
        server.tell()
        calls = 0
    else:
        server.say([])
    assert main([*command, *case.then]) == DONE
    assert server.counts()["calls"] - calls == case.again
    manifest = open_hub(str(out)).manifest
    assert manifest.partial == {}
    left = 0 if case.code != DONE else sum(case.letters.values())
    assert manifest.records_of("personas") == (case.kept or case.documents - left)
