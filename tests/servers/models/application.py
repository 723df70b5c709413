"""The paths of the fake server."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from tests.servers.models.chat import chat
from tests.servers.models.embeddings import embeddings
from tests.servers.models.gemini import gemini
from tests.servers.models.server import FakeModels


def application(models: FakeModels) -> web.Application:
    """All paths."""
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/chat/completions", partial(chat, models))
    app.router.add_post("/v1/embeddings", partial(embeddings, models))
    app.router.add_post("/{version:v1|v1beta|v1beta1}/{path:.*models/.*}", partial(gemini, models))
    app.router.add_post("/token", models.token)
    app.router.add_get("/v1/{name:projects/.*/secrets/.*}:access", models.secret)
    app.router.add_get("/stats", models.stats)
    app.router.add_get("/health", models.health)
    app.router.add_post("/crash", models.crash)
    app.router.add_post("/settings", models.settle)
    app.router.add_post("/script", models.say)
    return app
