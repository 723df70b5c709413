"""Answers that are cut off, and questions that the server's context does not hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from persona_hub.transforms.hub.versions import open_hub
from tests.helpers.jobs import Forker
from tests.helpers.llama import SHORT_PROMPTS
from tests.llama.conftest import Built, build_through
from tests.material.trades import TRADES
from tests.servers.llama.launch import LlamaServer

CONTEXT = 512  # tokens of a question and its answer
FLAGS = [*SHORT_PROMPTS, "--expand_hops", "0", "--max_tokens", "64"]
LONG = " ".join(f"Lot {number} of the auction is a clock without hands." for number in range(100))
REFUSAL = "exceeds the available context size"


@pytest.fixture(scope="module")
def narrow(new_server: Callable[..., LlamaServer]) -> LlamaServer:
    """A server with little context."""
    return new_server(slots=4, context=CONTEXT)


def published(built: Built) -> bool:
    """Whether a reader sees a hub."""
    return (built.build.output / "hub" / "CURRENT").exists()


def test_an_answer_cut_at_max_tokens_is_never_kept(llama: LlamaServer, forker: Forker, tmp_path: Path) -> None:
    flags = [*SHORT_PROMPTS, "--expand_hops", "0", "--max_tokens", "8"]
    built = build_through(llama, forker, tmp_path / "out", TRADES[:4], *flags)
    assert {call.finish for call in built.relay.answered} == {"length"}
    assert built.exit_code != 0
    assert "--max_tokens" in built.errors
    assert not published(built) or built.build.personas == []
    assert built.build.calls == len(built.relay.answered)  # they are paid all the same


def test_a_document_longer_than_the_context_is_lost_alone(narrow: LlamaServer, forker: Forker, tmp_path: Path) -> None:
    texts = (*TRADES[:2], LONG, TRADES[9])
    built = build_through(narrow, forker, tmp_path / "out", texts, *FLAGS)
    counts = open_hub(str(built.build.output)).manifest.counts["extract_persona"]
    assert counts["asked"] == 4
    (letter,) = [one for one in built.build.dead_letters if REFUSAL in str(one["detail"])]
    assert letter["stage"] == "extract_persona"
    assert LONG[:30] not in str(letter["detail"])  # the server's words, not the question
    refused = [call for call in built.relay.calls if call.status == 400]
    assert len(refused) == 1  # asking again would not help
    assert len(built.relay.answered) >= 3


def test_documents_that_are_all_too_long_are_an_error_of_the_request(
    narrow: LlamaServer, forker: Forker, tmp_path: Path
) -> None:
    texts = tuple(f"Catalogue {number}. {LONG}" for number in range(12))
    built = build_through(narrow, forker, tmp_path / "out", texts, *FLAGS)
    assert built.exit_code == 1, built.errors
    assert REFUSAL in built.errors
    assert built.relay.answered == []
    assert not published(built)


def test_an_answer_that_runs_out_of_context_is_cut_off(narrow: LlamaServer, forker: Forker, tmp_path: Path) -> None:
    """A document that leaves room for four tokens: the server ends the answer there, and calls that `length`."""
    text = fitting(narrow, forker, tmp_path)
    built = build_through(narrow, forker, tmp_path / "out", (text,), *FLAGS)
    assert {call.finish for call in built.relay.answered} == {"length"}
    assert all(call.said["usage"]["completion_tokens"] < 16 for call in built.relay.answered)
    assert not published(built) or built.build.personas == []


def fitting(server: LlamaServer, forker: Forker, folder: Path) -> str:
    """A document whose question has four to eight tokens less than the server's context."""
    start = LONG[:1000]
    question = build_through(server, forker, folder / "first", (start,), *FLAGS).relay.calls[0].asked["messages"]

    def tokens(text: str) -> int:
        return server.tokens([{**part, "content": part["content"].replace(start, text)} for part in question])

    text = start
    while tokens(f"{text} tick") <= CONTEXT - 4:
        text += " tick"
    return text
