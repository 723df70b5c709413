"""A deployed model of another dialect: its errors come over gRPC, and are negotiated all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from persona_hub.transforms.calls.protocol import ModelConfig
from persona_hub.transforms.llm.protocol import Completion, Request, Sampling
from persona_hub.transforms.llm.registry import open_model
from tests.servers.models.launch import FakeServer

SCHEMA = '{"type":"object","properties":{"persona":{"type":"string"}},"additionalProperties":false}'
REQUEST = Request("echo", "Be brief.", "Who reads this?", "h", Sampling(max_tokens=64), SCHEMA)


@pytest.mark.parametrize("refused", [["max_tokens"], ["json_schema"], ["json_schema", "json_object"]], ids=" ".join)
def test_what_an_endpoint_refuses_is_sent_in_another_way(
    server: FakeServer, credentials: Path, refused: list[str]
) -> None:
    server.tell(refuses_fields=refused, answer="A nurse who reads.", usage=[10, 5])
    options = {"project": "some-project", "location": "europe-west4"}
    address = f"http://{server.predict_address}"
    config = ModelConfig(name="vertex-endpoint:1", base_url=address, options=options, timeout=15)

    async def run() -> list[Completion]:
        model = open_model(config)
        try:
            return [await model.complete(REQUEST), await model.complete(REQUEST)]
        finally:
            await model.close()

    assert asyncio.run(run()) == [Completion("A nurse who reads.", 10, 5)] * 2
    assert server.outcomes() == {"answered": 2, **{f"refused {part}": 1 for part in refused}}
