"""What a refresh buys: the answers and the vectors of what is new, and nothing else, though none is stored."""

from __future__ import annotations

from pathlib import Path

from persona_hub.pipelines.cli.exit_status import DONE
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.versions import open_hub
from tests.helpers.paid import paying
from tests.material.growing import FLAGS, corpus
from tests.servers.models.launch import FakeServer

DOCUMENTS, NEW = 40, 4


def test_a_tenth_of_new_documents_costs_a_tenth_of_the_calls_and_vectors_without_a_store(
    server: FakeServer, credentials: Path, tmp_path: Path
) -> None:
    embedding = ["--embedder", "openai:embed", "--embedder_base_url", server.url, "--embedding_batch", "1"]
    paid, hub = [*paying(server, tmp_path), *embedding], str(tmp_path / "hub")
    before = corpus(tmp_path / "before.jsonl", range(DOCUMENTS))
    assert main(["build", "--input", str(before), "--output", hub, *FLAGS, *paid]) == DONE
    held = open_hub(hub).manifest
    assert server.counts()["embedded"] == held.counts["minhash_dedup"]["kept"]

    # No store: what is not bought again is known from the hub.
    server.tell()
    after = corpus(tmp_path / "after.jsonl", range(DOCUMENTS + NEW))
    assert main(["refresh", "--hub", hub, "--input", str(after), *paid, "--response_store", "none"]) == DONE
    counts, bought = open_hub(hub).manifest.counts, server.counts()
    assert counts["read_corpus"]["known"] == DOCUMENTS
    assert counts["extract_persona"]["asked"] == counts["expand_persona"]["asked"] == NEW
    vectors = counts["minhash_dedup"]["kept"]
    assert 0 < vectors <= 2 * NEW
    known = 1  # the hub's vector of one persona, by which the model is known
    assert bought["embedded"] == vectors + known
    assert bought["paid"] == 2 * NEW + vectors + known
