"""A scripted server: rules that say what a call gets in place of the usual answer.

`server.tell(script=[{"last": 3, "status": 402}])`, or `server.say([...])` at any time, which leaves the counts as they
are. Of the rules that apply to a call the first one counts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any

NO_USAGE = "none"  # in place of a usage: the answer holds none
ANY = -1


@dataclass(eq=False)
class Rule:
    """When it applies (all of the first block must hold), and what it does."""

    word: str = ""  # in the prompt
    first: int = 1  # of the calls that word and field let through, from 1
    last: int = 0  # 0: no end
    every: int = 1  # of these calls
    after: int = 0  # calls of any kind since the settings, or since the script was told
    after_seconds: float = 0.0  # since then
    until_seconds: float = 0.0  # 0: no end
    holds: str = ""  # a field of the request, such as "max_tokens", "response_format.type=json_schema"

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None  # the whole body
    body: str | None = None  # the same as a text, sent as Latin-1
    wire: str | None = None  # the whole response, head included, as Latin-1; then the connection ends
    paid: bool = True  # whether the server counts a body of the rule's own under status 200 as an answer

    text: str | None = None  # of an answer of the usual form
    message: dict[str, Any] = field(default_factory=dict)  # laid over the message (Gemini: over the candidate)
    fields: dict[str, Any] = field(default_factory=dict)  # laid over the body
    finish: str | None = None  # finish_reason, finishReason
    usage: Any = None  # in place of the usage; NO_USAGE: none

    latency: float = ANY  # seconds
    name: str = ""  # under which the outcome is counted; else "answered", "http-402" ...

    @property
    def whole(self) -> bool:
        """Whether the response is the rule's own, and no answer of the usual form."""
        return self.status != 200 or self.json is not None or self.body is not None or self.wire is not None

    @property
    def outcome(self) -> str:
        """What it is counted as."""
        return self.name or ("answered" if not self.whole else f"http-{self.status}")


NOTHING = Rule()


def refusal_of(parameter: str) -> Rule:
    """OpenAI's words for a parameter, or a type of response_format, that the model does not take."""
    holds, instead = parameter, ""
    if parameter in ("json_schema", "json_object"):
        holds = f"response_format.type={parameter}"
    if parameter == "max_tokens":
        instead = " Use 'max_completion_tokens' instead."
    param = holds.partition("=")[0]
    words = f"Unsupported parameter: '{param}' is not supported with this model.{instead}"
    if "=" in holds:
        words = f"Invalid parameter: 'response_format' of type '{parameter}' is not supported with this model."
        param = "response_format"
    error = {"message": words, "type": "invalid_request_error", "param": param, "code": "unsupported_parameter"}
    return Rule(holds=holds, status=400, json={"error": error}, name=f"refused {parameter}")


class Script:
    """The rules, and how often each has been asked."""

    def __init__(self, rules: list[dict[str, Any]], refuses_fields: list[str]):
        known = {one.name for one in fields(Rule)}
        for rule in rules:
            assert rule.keys() <= known, f"a rule has no {sorted(rule.keys() - known)}"
        self.rules = [refusal_of(parameter) for parameter in refuses_fields] + [Rule(**rule) for rule in rules]
        self.met: Counter[int] = Counter()  # calls that word and field let through, by the rule's place
        self.calls = 0

    def rule_for(self, prompt: str, body: dict[str, Any], seconds: float) -> Rule:
        """The first rule that applies to the next call."""
        self.calls += 1
        found = None
        for i, rule in enumerate(self.rules):
            if rule.word not in prompt or not held(rule.holds, body) or self.calls <= rule.after:
                continue
            if seconds < rule.after_seconds or (rule.until_seconds and seconds >= rule.until_seconds):
                continue
            self.met[i] += 1
            nth = self.met[i]
            in_turn = nth >= rule.first and (not rule.last or nth <= rule.last) and (nth - rule.first) % rule.every == 0
            if in_turn and found is None:
                found = rule
        return found or NOTHING


def held(path: str, body: Any) -> bool:
    """Whether a request has a field, `a.b` or `a.b=value`; every request has ""."""
    names, equals, value = path.partition("=")
    for name in names.split(".") if names else []:
        if not isinstance(body, dict) or name not in body:
            return False
        body = body[name]
    return not equals or str(body) == value
