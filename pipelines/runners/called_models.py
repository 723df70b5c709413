"""The models that a job is going to call, tried before it runs: key, account and address, and whether the server is up.

A job that begins without them costs half a minute of retries, and ends as one that may be tried again.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import numpy as np

from persona_hub.pipelines.cli.exit_status import UsageError
from persona_hub.pipelines.runners.run import Where
from persona_hub.transforms.calls.protocol import CallKind, ModelConfig, ModelError, setting_of
from persona_hub.transforms.embedding.protocol import Texts
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.llm.registry import EXPORT, VLLM
from persona_hub.transforms.secrets import masked

SAME_VECTOR = 0.98  # cosine; servers compute in other precisions, or with other batches, and hardly differ
CONNECT_SECONDS = 4.0  # the system sends three times within it
PORTS = {"http": 80, "https": 443}


class KnownVector(NamedTuple):
    """A text, and the vector of it that a hub holds."""

    text: str
    vector: bytes  # float16 of unit length


class CalledModel(NamedTuple):
    """A language model or an embedder of a server, and the kind of call it is asked by."""

    config: ModelConfig
    kind: CallKind
    known: KnownVector | None = None  # of the hub that an embedder's vectors are compared with
    dimensions: int = 0  # that an embedder is asked for


def check_models(models: Sequence[CalledModel], where: Where) -> None:
    """Raises InvalidInputErrors for a model that cannot be called: no key, no project, no server at its address.

    Keys of a cluster's workers are in their environments, and a cluster may reach what this machine does not: there
    nothing is tried.
    """
    if not where.one_machine:
        return
    for model in models:
        backend = model.config.name.partition(":")[0]
        if backend != VLLM and EXPORT not in model.config.options:  # the job starts the one, and sends nothing to both
            check_client(model)
            check_server(setting_of(model.config.flag, "base_url"), model.config.base_url)


def check_client(model: CalledModel) -> None:
    """Opens and closes the client, without a call: it wants a key, a project or credentials.

    An embedder whose vectors are compared with a hub's is asked for one of those, about ten tokens.
    """

    async def open_and_close() -> None:
        client = model.kind.open_client(model.config)
        try:
            if model.known:
                await check_vector(model, model.known, client)
        finally:
            await client.close()

    try:
        asyncio.run(open_and_close())
    except InvalidInputError:
        raise
    except Exception as error:  # of each client's own types; its words may hold an address or a key
        raise UsageError(
            f"{model.config.flag} {model.config.name}: its client cannot be opened ({type(error).__name__}); see its "
            f"key, account and {setting_of(model.config.flag, 'base_url')}, and docs/models.md"
        ) from error


async def check_vector(model: CalledModel, known: KnownVector, client: Any) -> None:
    """Raises UsageError where a server gives another vector for a text than the one that a hub holds.

    A call that fails says nothing of the model: the job asks again, and says why it cannot go on.
    """
    try:
        found = await client.complete(Texts((known.text,), (b"",), model.dimensions))
    except ModelError:
        return
    now, before = (np.frombuffer(row, "<f2").astype(np.float64) for row in (found.rows[0], known.vector))
    if len(now) != len(before):
        difference = f"vectors of {len(now)} numbers, not {len(before)}"
    elif (cosine := float(now @ before)) < SAME_VECTOR:
        difference = f"another vector for a persona of the hub (cosine {cosine:.2f})"
    else:
        return
    raise UsageError(
        f"{model.config.flag} {model.config.name}: gives {difference}, so it is not the model that made the hub's "
        "vectors, and they cannot be compared; name that one, or build a new hub"
    )


def check_server(flag: str, url: str) -> None:
    """Connects to the server at `url` once, and sends nothing. Raises UsageError where nobody answers.

    Where a proxy stands between, only the proxy knows the server: nothing is tried.
    """
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if not url or parts.hostname is None or behind_proxy(parts.scheme, parts.hostname):
        return
    try:
        port = parts.port or PORTS.get(parts.scheme, 443)
        socket.create_connection((parts.hostname, port), CONNECT_SECONDS).close()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{flag} {masked(url)}: {fault_of(error)}; start the server, or mend the address") from error


def fault_of(error: Exception) -> str:
    """Why there is no connection."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return "there is no such host"
    if isinstance(error, TimeoutError):
        return f"no connection in {CONNECT_SECONDS:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there (connection refused)"
    return f"cannot be reached ({getattr(error, 'strerror', None) or type(error).__name__})"


def behind_proxy(scheme: str, host: str) -> bool:
    """Whether calls to `host` go by a proxy, as the environment says."""
    proxies = getproxies()
    return bool(proxies.get(scheme) or proxies.get("all")) and not proxy_bypass(host)
