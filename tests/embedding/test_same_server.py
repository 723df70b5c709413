"""A server's embedder is asked for a vector that the hub holds, before anything else is paid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from persona_hub.pipelines.cli.exit_status import DONE, WRONG_COMMAND, UsageError
from persona_hub.pipelines.main import main
from persona_hub.pipelines.planning.embedders import known_vector
from persona_hub.pipelines.runners.called_models import CalledModel, KnownVector, check_client
from persona_hub.transforms.embedding.bundle import VECTORS
from persona_hub.transforms.hub.versions import open_hub
from tests.helpers.embedding import embedder
from tests.material.growing import FLAGS, corpus
from tests.servers.models.launch import FakeServer


def test_a_server_that_gives_other_vectors_than_the_hub_s_is_refused_before_anything_is_paid(
    server: FakeServer, credentials: Path, tmp_path: Path, capsys: Any
) -> None:
    hub = str(tmp_path / "hub")
    command = ["--embedder", "openai:embed", "--embedder_base_url", server.url, "--response_store", "none"]
    before = corpus(tmp_path / "before.jsonl", range(4))
    assert main(["build", "--input", str(before), "--output", hub, *FLAGS, *command]) == DONE
    known = known_vector(open_hub(hub))
    assert known is not None

    config = embedder(server, "none").calls
    assert config is not None
    check_client(CalledModel(config, VECTORS, known))
    check_client(CalledModel(config, VECTORS, None))
    for wrong, said in (
        (KnownVector(known.text + "!", known.vector), "another vector for a persona of the hub"),
        (KnownVector(known.text, known.vector[:-2]), "numbers, not"),
    ):
        with pytest.raises(UsageError, match=said):
            check_client(CalledModel(config, VECTORS, wrong))

    server.tell(size=12)
    after = corpus(tmp_path / "after.jsonl", range(6))
    capsys.readouterr()
    assert main(["refresh", "--hub", hub, "--input", str(after), *command]) == WRONG_COMMAND
    assert "gives vectors of 12 numbers, not" in (said_once := capsys.readouterr().err)
    assert said_once.count("\n") == 1
    assert server.counts()["embedded"] == 1
