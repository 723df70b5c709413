"""`python -m tests.servers.models [PORT]` prints its HTTP and its gRPC port on a line, serves until its input ends.

On a PORT of its user's it serves until it is told to end.
"""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web

from tests.servers.models.application import application
from tests.servers.models.predict import serve_predict
from tests.servers.models.server import FakeModels
from tests.servers.models.settings import Settings


async def serve() -> None:
    models = FakeModels(Settings())
    runner = web.AppRunner(application(models), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 0, backlog=2048)
    await site.start()
    port = runner.addresses[0][1]
    grpc_server, grpc_port = await serve_predict(models)
    print(port, grpc_port, flush=True)
    if sys.argv[1:]:
        await asyncio.Event().wait()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # ends with the process that started it
    await grpc_server.stop(0)


asyncio.run(serve())
