"""Finds out a server's dialect: by what it refuses, once in a process."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict
from persona_hub.transforms.llm.dialects.dialect import SAMPLING, Dialect
from persona_hub.transforms.llm.dialects.extra_body import FLAG, extra_fields, with_extra
from persona_hub.transforms.llm.dialects.refusals import refused_part
from persona_hub.transforms.llm.protocol import Request

SAMPLING_FLAGS = "sampling_flags"  # of a ModelConfig's options: names of the sampling that the user gave as flags
LOGGER = logging.getLogger("persona_hub")

T = TypeVar("T")


class Negotiation:
    """The dialect that a server was last known to take. Lives in a client, on its loop.

    Calls that are under way when the dialect changes are refused under the old one, each for itself, and asked again
    under the new one. A change that did not help is taken back: then the server meant something else.
    """

    def __init__(self, config: ModelConfig, dialect: Dialect):
        self.name, self.dialect, self.spoken = config.name, dialect, dialect
        self.extra = extra_fields(config.options)
        self.flags: Collection[str] = config.options.get(SAMPLING_FLAGS, ())

    def body(self, model: str, request: Request, dialect: Dialect) -> dict[str, Any]:
        """The request in `dialect`, with what the user adds."""
        body = dialect.body(model, request)
        return with_extra(body, self.extra) if self.extra else body

    async def ask(self, model: str, request: Request, send: Callable[[dict[str, Any]], Awaitable[T]]) -> T:
        """What `send` gives for the request's body in a dialect that the server takes. Raises ModelError."""
        first = dialect = self.dialect
        tried: list[Dialect] = []
        while True:
            body = self.body(model, request, dialect)
            try:
                answer = await send(body)
            except ModelError as error:
                tried.append(dialect)
                better = self._better(error, body, dialect)
                if better is None or better in tried:
                    if self.dialect is dialect and dialect is not self.spoken and not error.retry:
                        self.dialect = first
                    raise
                self.dialect = dialect = better
            else:
                if dialect is not self.spoken and dialect is self.dialect:
                    self._settle(dialect)
                return answer

    def _better(self, error: ModelError, body: dict[str, Any], dialect: Dialect) -> Dialect | None:
        """The dialect in which to ask again; None where the error is about something else.

        Raises ModelError where the server refuses what the user asked for by a flag.
        """
        said = getattr(error, "said", None)
        if said is None:
            return None
        refused = refused_part(said, body, self.extra)
        if refused in self.extra:
            raise _of_the_request(error, f"{FLAG}: leave {refused} out, or give what this server wants") from error
        if refused in SAMPLING and refused in self.flags:
            raise _of_the_request(error, f"leave --{refused} out: this model does not take it") from error
        if not refused:
            return None
        known = self.dialect  # another call may have found the way meanwhile
        return known.without(refused) if known is dialect or known.sends(refused) else known

    def _settle(self, dialect: Dialect) -> None:
        """An answer came in a dialect that none has come in before."""
        changed = dialect.change(self.spoken)
        self.dialect = self.spoken = dialect
        if changed:
            LOGGER.warning("%s: this server is sent %s", self.name, changed)


def _of_the_request(error: ModelError, remedy: str) -> ModelError:
    return ModelError(error.reason, error.detail, Verdict.REQUEST, remedy=remedy)
