"""Paid embedders, by their real clients: bought once, each text kept on its own, never a vector that is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persona_hub.transforms.calls.protocol import Budget, ModelError
from persona_hub.transforms.embedding.bundle import MixedVectors
from persona_hub.transforms.embedding.openai import embeddings_of
from persona_hub.transforms.embedding.protocol import EmbedderConfig, Texts, vectors_of
from persona_hub.transforms.embedding.registry import CallLimits, call_limits, is_paid
from persona_hub.transforms.store.protocol import Spend
from persona_hub.transforms.store.registry import open_store
from tests.helpers.embedding import embed, embedder, personas, run
from tests.servers.models.launch import FakeServer
from tests.servers.models.vectors import vector

BACKENDS = ["openai", "gemini", "vertex"]


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path}/responses.sqlite"


def spent(store: str) -> Spend:
    return open_store(store).spend()["embed_dedup"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_persona_has_its_vector(backend: str, server: FakeServer, store: str, credentials: Path) -> None:
    given = personas(30)
    vectors, dead = embed(embedder(server, store, backend), given)
    assert (vectors.keys(), dead) == ({p.text for p in given}, [])
    for text, found in vectors.items():
        wanted = np.array(vector(text, 8))
        assert found == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-3)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("openai:embed", ['"dimensions": 16', '"model": "embed"']),
        ("gemini:gemini-embedding-001", ['"outputDimensionality": 16', '"taskType": "SEMANTIC_SIMILARITY"']),
        ("gemini:gemini-embedding-2", ['"outputDimensionality": 16', "task: sentence similarity | query: A keeper"]),
        ("vertex:text-embedding-005", ['"outputDimensionality": 16', '"task_type": "SEMANTIC_SIMILARITY"']),
        ("vertex:gemini-embedding-2", ['"outputDimensionality": 16', "task: sentence similarity | query: A keeper"]),
    ],
)
def test_what_is_asked_for_reaches_the_model(
    name: str, words: list[str], server: FakeServer, store: str, credentials: Path
) -> None:
    vectors, _ = embed(embedder(server, store, name.partition(":")[0], name=name, dimensions=16), personas(3))
    assert [len(found) for found in vectors.values()] == [16, 16, 16]
    said = json.dumps(server.stats()["last"])
    assert all(word in said for word in words), said
    assert ("taskType" in said) != ("task: sentence" in said) or name == "vertex:text-embedding-005" or "openai" in name


@pytest.mark.parametrize(
    ("name", "texts"),
    [("openai:m", 256), ("gemini:m", 100), ("vertex:text-embedding-005", 250), ("vertex:gemini-embedding-001", 1)],
)
def test_as_many_texts_in_a_call_as_the_api_takes(name: str, texts: int) -> None:
    assert call_limits(EmbedderConfig(name)).texts == texts
    assert call_limits(EmbedderConfig(name, batch=7)).texts == 7


def test_calls_are_bounded_by_tokens_too(
    server: FakeServer, store: str, credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persona_hub.transforms.embedding.bundle.call_limits", lambda _: CallLimits(256, 100))
    embed(embedder(server, store), personas(20))  # at most 32 tokens each, with what is around it
    assert server.counts()["most_texts"] == 3


def test_nothing_is_bought_twice(server: FakeServer, store: str, credentials: Path) -> None:
    first = run(embedder(server, store), personas(300))
    assert (server.counts()["calls"], server.counts()["embedded"]) == (2, 300)
    assert run(embedder(server, store), personas(300), batch=7) == first
    run(embedder(server, store), personas(300), threshold=0.7)
    assert server.counts()["calls"] == 2, "another threshold, other batches"
    embed(embedder(server, store), personas(40, first=280))
    assert server.counts()["embedded"] == 320, "a text that is stored is left out of its call"
    assert server.counts()["embedded again"] == 0


def test_usage_is_counted_by_stage(server: FakeServer, store: str, credentials: Path) -> None:
    given = personas(300)
    embed(embedder(server, store, input_price=20.0), given)
    tokens = sum(len(p.text) // 4 + 1 for p in given)
    assert spent(store) == Spend(2, tokens, 0, tokens * 20_000)


def test_faults_that_a_retry_can_cure(server: FakeServer, store: str, credentials: Path) -> None:
    server.tell(faults={"429": 0.2, "500": 0.1, "reset": 0.1, "malformed": 0.1, "truncated": 0.05}, seed=3)
    vectors, dead = embed(embedder(server, store, batch=5, attempts=20), personas(200))
    assert (len(vectors), dead) == (200, [])
    assert server.counts()["calls"] > 45


@pytest.mark.parametrize("fault", ["nan", "zero", "short", "few"])
def test_a_bad_vector_costs_its_own_text_only(fault: str, server: FakeServer, store: str, credentials: Path) -> None:
    server.tell(spoils={"number 33": fault})
    vectors, dead = embed(embedder(server, store), personas(64))
    assert [(one.reason, one.excerpt) for one in dead] == [("malformed-vectors", "A keeper of lighthouse number 33")]
    assert len(vectors) == 63
    assert server.counts()["calls"] == 1 + 2 * 6, "found by halves"
    server.tell()
    assert len(embed(embedder(server, store), personas(64))[0]) == 64
    assert server.counts()["embedded"] == 1, "the others' are stored"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_text_that_the_server_will_not_have(backend: str, server: FakeServer, store: str, credentials: Path) -> None:
    server.tell(refuses="number 3")
    vectors, dead = embed(embedder(server, store, backend), personas(8))
    assert [(one.reason, one.excerpt) for one in dead] == [("http-400", "A keeper of lighthouse number 3")]
    assert len(vectors) == 7


@pytest.mark.parametrize(
    ("settings", "given", "said"),
    [
        (
            {"stubborn": True},
            {"dimensions": 16},
            "its vectors have 8 numbers, not 16; leave out --embedding_dimensions",
        ),
        ({"key": "another"}, {}, "read from OPENAI_API_KEY"),
        ({"faults": {"500": 1.0}}, {"attempts": 2}, "http-500: no; the same command goes on from here"),
    ],
)
def test_what_no_other_call_can_cure_ends_the_job(
    settings: dict[str, Any], given: dict[str, Any], said: str, server: FakeServer, store: str, credentials: Path
) -> None:
    server.tell(**settings)
    with pytest.raises(Exception, match=said) as error:
        embed(embedder(server, store, **given), personas(10))
    assert "lighthouse" not in str(error.value)


def test_vectors_of_two_sizes_are_never_mixed(server: FakeServer, store: str, credentials: Path) -> None:
    embed(embedder(server, store), personas(10))
    server.tell(size=16)
    with pytest.raises(MixedVectors, match="vectors of 8 and 16 numbers; has another model taken its name"):
        embed(embedder(server, store, batch=20), personas(30))


def test_a_spent_budget_leaves_the_rest_for_the_next_run(server: FakeServer, store: str, credentials: Path) -> None:
    out = run(embedder(server, store, batch=10, budget=Budget(calls=3)), personas(100), threshold=0.99)
    assert len(out["kept"]) == 30
    assert {one.reason for one in out["dead_letters"]} == {"budget-exhausted"}
    assert len(out["dead_letters"]) == 70
    out = run(embedder(server, store, batch=10, budget=Budget(calls=10)), personas(100), threshold=0.99)
    assert len(out["kept"]) == 100
    assert (server.counts()["calls"], server.counts()["embedded again"]) == (10, 0)


@pytest.mark.parametrize("row", [[1.0, None], ["a", 1.0], []])
def test_what_is_no_vector_is_malformed(row: list[object]) -> None:
    with pytest.raises(ModelError, match="malformed-vectors"):
        vectors_of(Texts(("a",), (b"a",)), [row], 1, 0)  # type: ignore[list-item]


def test_vectors_come_in_the_order_of_their_texts_and_in_base64_too() -> None:
    rows = [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": "AACAPwAAAEA="}]
    found, tokens = embeddings_of(json.dumps({"data": rows, "usage": {"prompt_tokens": 5}}).encode())
    assert ([list(row) for row in found], tokens) == ([[1.0, 2.0], [3, 4]], 5)


def test_a_paid_embedder_needs_to_know_how_its_calls_go() -> None:
    assert is_paid("vertex:m")
    assert not is_paid("savedmodel:/m")
    with pytest.raises(ValueError, match="--embedder openai:m: is paid"):
        embed(EmbedderConfig("openai:m"), personas(1))


@pytest.mark.parametrize("usage", [{"prompt_tokens": 1e300}, {"prompt_tokens": -5}, {"prompt_tokens": "5"}, [], "none"])
def test_tokens_that_nobody_can_believe_are_reckoned(
    usage: Any, server: FakeServer, store: str, credentials: Path
) -> None:
    server.tell(script=[{"fields": {"usage": usage}}])
    vectors, dead = embed(embedder(server, store, batch=10), personas(10))
    assert (len(vectors), dead) == (10, [])
    spend = spent(store)
    assert (spend.calls, spend.estimated) == (1, 1)
    assert 50 < spend.input_tokens < 200


def test_an_account_that_is_used_up_leaves_the_rest_for_the_next_run(
    server: FakeServer, store: str, credentials: Path
) -> None:
    server.tell(script=[{"first": 3, "status": 402, "json": {"error": {"message": "no credits left"}}}])
    vectors, dead = embed(embedder(server, store, batch=10, max_in_flight=1), personas(100))
    assert len(vectors) == 20
    assert {(one.reason, one.detail) for one in dead} == {("account-http-402", "no credits left")}
    assert server.counts()["calls"] == 3
    server.tell()
    vectors, dead = embed(embedder(server, store, batch=10), personas(100))
    assert (len(vectors), dead) == (100, [])
    assert server.counts()["embedded"] == 80
