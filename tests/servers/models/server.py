"""State of the fake server, and its HTTP application; the protocols are in chat.py, gemini.py and embeddings.py."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import time
import zlib
from collections import Counter, defaultdict, deque
from dataclasses import asdict, dataclass, replace
from typing import Any

from aiohttp import web

from tests.servers.models.script import ANY, NOTHING, Rule, Script
from tests.servers.models.settings import Draws, Settings, made_up

KEPT_BODIES = 200  # of the latest requests


class Refusal(Exception):
    """A status that the server answers with instead of an answer."""

    def __init__(self, status: int, headers: dict[str, str] | None = None):
        self.status, self.headers = status, headers or {}


class Scripted(Exception):
    """A response that a rule holds."""

    def __init__(self, rule: Rule):
        self.rule = rule


class Garbled(Exception):
    """A body that nobody can read; `cut`: half of a good one."""

    def __init__(self, cut: bool):
        self.cut = cut


@dataclass
class Said:
    """What the model says, what it costs, and the rule that changes its form."""

    text: str
    input_tokens: int
    output_tokens: int
    rule: Rule = NOTHING


class FakeModels:
    """State of one server."""

    def __init__(self, settings: Settings):
        self.told(settings)

    def told(self, settings: Settings) -> None:
        self.settings, self.draws = settings, Draws(settings)
        self.counts: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.by_prompt: dict[str, Counter[str]] = defaultdict(Counter)  # outcomes by prompt_name
        self.latencies: list[float] = []
        self.held: list[float] = []  # seconds that a place was taken: a latency, and how late the machine was
        self.arrivals: list[float] = []  # seconds on the server's clock
        self.asked: Counter[str] = Counter()  # by prompt_name
        self.in_flight = 0
        self.last: dict[str, Any] = {}
        self.bodies: deque[dict[str, Any]] = deque(maxlen=KEPT_BODIES)
        self.embedded: set[str] = set()
        self.scripted(settings.script)

    def scripted(self, rules: list[dict[str, Any]]) -> None:
        """New rules; their calls and seconds begin anew."""
        self.script, self.begin = Script(rules, self.settings.refuses_fields), time.monotonic()

    def asks(self, body: dict[str, Any]) -> None:
        """A request has come."""
        self.last = body
        self.bodies.append(body)

    async def answer(self, prompt: str, schema: dict[str, Any] | None, body: dict[str, Any] | None = None) -> Said:
        """What the model says, after its latency. Raises Refusal, Scripted or Garbled."""
        own, counts, asked = self.settings, self.counts, self.asked  # those that hang when new ones come keep to theirs
        name = prompt_name(prompt)
        outcomes = (self.outcomes, self.by_prompt[name])

        def ended(outcome: str) -> None:
            for counter in outcomes:
                counter[outcome] += 1

        counts["calls"] += 1
        self.arrivals.append(time.monotonic())
        if own.places and self.in_flight >= own.places:
            counts["refused"] += 1
            ended("http-429")
            raise Refusal(429, {"Retry-After": f"{own.retry_after:g}"} if own.retry_after else None)
        self.in_flight += 1
        counts["most"] = max(counts["most"], self.in_flight)
        try:
            fault, seconds = self.draws.fault(), self.draws.latency()
            rule = self.script.rule_for(prompt, body or {}, time.monotonic() - self.begin)
            seconds = seconds if rule.latency == ANY else rule.latency
            counts[fault or (rule.outcome if rule.whole else "good")] += 1
            ended(f"http-{fault}" if fault.isdigit() else fault or rule.outcome)
            if fault == "429":
                raise Refusal(429, {"Retry-After": f"{own.retry_after:g}"})
            self.latencies.append(seconds)
            begin = time.monotonic()
            await asyncio.sleep(own.hang_seconds if fault == "hang" else seconds)
            self.held.append(time.monotonic() - begin)
            if fault.isdigit():
                raise Refusal(int(fault))
            if fault == "reset":
                raise ConnectionResetError
            if rule.whole:
                counts["paid"] += rule.paid and rule.status == 200
                raise Scripted(rule)
            counts["paid"] += 1
            if fault in ("malformed", "truncated"):
                raise Garbled(fault == "truncated")
        finally:
            self.in_flight -= (
                self.settings is own
            )  # those that still hang when new settings come are not of their count
        asked[name] += 1
        salt = str(counts["calls"]) if own.changing else "" if not own.drawing or asked[name] == 1 else str(asked[name])
        drawn = zlib.crc32(prompt.encode()) + asked[name]  # in whatever order questions come
        heard = f"question {drawn % own.pool}" if own.pool else prompt
        text = own.answer or made_up(heard, schema, salt, own.right, own.solves)
        for word, answers in own.answers.items():
            if word in prompt:
                text = answers[min(counts[f"word {word}"], len(answers) - 1)]
                counts[f"word {word}"] += 1
        text = text if rule.text is None else rule.text
        tokens_in, tokens_out = own.usage or (len(prompt) // 4 + 1, len(text) // 4 + 1)
        counts["input_tokens"] += tokens_in
        counts["output_tokens"] += tokens_out
        return Said(text, tokens_in, tokens_out, rule)

    def count_late(self, request: web.Request, own: Settings, tokens: int) -> None:
        """Counts an answer whose client had given up waiting: it is paid, and the client cannot know."""
        if self.settings is own and (request.transport is None or request.transport.is_closing()):
            self.counts["late"] += 1
            self.counts["late_tokens"] += tokens

    async def respond(self, request: web.Request, prompt: str, schema: Any, form: Any) -> web.StreamResponse:
        """The answer in the form that `form(said)` gives it, or a fault."""
        own = self.settings
        try:
            said = await self.answer(prompt, schema, self.last)
        except Refusal as refusal:
            return web.json_response({"error": {"message": "no"}}, status=refusal.status, headers=refusal.headers)
        except Scripted as scripted:
            return self.scripted_response(request, scripted.rule)
        except Garbled as garbled:
            self.count_late(request, own, 0)
            text = json.dumps(form(Said("half a text", 1, 1)))
            return web.Response(
                text=text[: len(text) // 2] if garbled.cut else "{oops", content_type="application/json"
            )
        except ConnectionResetError:
            if request.transport:
                request.transport.abort()
            return web.Response()
        self.count_late(request, own, said.output_tokens)
        return web.json_response({**form(said), **said.rule.fields}, headers=said.rule.headers)

    def scripted_response(self, request: web.Request, rule: Rule) -> web.StreamResponse:
        """The response that a rule holds."""
        if rule.wire is not None and request.transport:
            request.transport.write(rule.wire.encode("latin-1"))
            request.transport.close()
            return web.Response()
        body = json.dumps(rule.json) if rule.body is None else rule.body
        headers = {"Content-Type": "application/json", **rule.headers}
        return web.Response(body=body.encode("latin-1"), status=rule.status, headers=headers)

    async def token(self, request: web.Request) -> web.StreamResponse:
        """POST /token: what a service account gets for its signed claim."""
        return web.json_response({"access_token": self.settings.key or "token", "expires_in": 3600})

    async def secret(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/NAME:access: Secret Manager's."""
        name = request.match_info["name"]
        self.counts["secrets"] += 1
        if name not in self.settings.secrets:
            return web.json_response({"error": {"code": 404, "message": f"{name} not found"}}, status=404)
        said = self.settings.secrets[name]
        if not said:
            return web.json_response({"error": {"code": 403, "message": "denied"}}, status=403)
        data = base64.b64encode(said.encode()).decode()
        return web.json_response({"name": name, "payload": {"data": data}})

    async def stats(self, request: web.Request) -> web.StreamResponse:
        """GET /stats: what happened since the last settings."""
        repeated = sum(n - 1 for n in self.asked.values())
        facts = {**self.counts, "in_flight": self.in_flight, "prompts": len(self.asked), "repeated": repeated}
        told = {"latencies": self.latencies, "held": self.held, "arrivals": self.arrivals, "last": self.last}
        ends = {"outcomes": self.outcomes, "by_prompt": self.by_prompt, "bodies": list(self.bodies)}
        return web.json_response({"counts": facts, **told, **ends})

    async def health(self, request: web.Request) -> web.StreamResponse:
        """GET /health, as vLLM has it."""
        return web.Response()

    async def crash(self, request: web.Request) -> web.StreamResponse:
        """POST /crash: the process is gone at once."""
        os._exit(3)

    async def settle(self, request: web.Request) -> web.StreamResponse:
        """POST /settings: new settings; counts begin anew."""
        self.told(replace(Settings(), **{**asdict(Settings()), **await request.json()}))
        return web.json_response({})

    async def say(self, request: web.Request) -> web.StreamResponse:
        """POST /script: other rules, and all else as it was."""
        self.scripted(await request.json())
        return web.json_response({})


def prompt_name(prompt: str) -> str:
    """What a prompt is counted under."""
    return hashlib.blake2b(prompt.encode("utf-8", "replace"), digest_size=8).hexdigest()
