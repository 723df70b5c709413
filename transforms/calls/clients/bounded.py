"""Answers within bounds: bodies of a connection read and unpacked piece by piece, up to a size.

A body of 3 MB of gzip can hold 3 GB, and one without end as much as memory: such a server took 7 GB of a worker.
Imports the HTTP libraries, and so is imported where a client is opened.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import httpx2

from persona_hub.transforms.calls.clients.failures import CONNECTION, error_in_answer
from persona_hub.transforms.calls.clients.http import PACKINGS, too_large
from persona_hub.transforms.calls.protocol import ModelError, Verdict

PIECE_BYTES = 1 << 16
GZIP_OR_ZLIB = 47  # zlib's number for "either, by the head"


class BoundedStream(httpx2.AsyncByteStream):
    """A response's body, unpacked. Raises ModelError where it is packed wrongly or too large."""

    def __init__(self, stream: Any, packed: bool, most: int):
        self.stream, self.packed, self.most = stream, packed, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size, unpack = 0, Unpacking() if self.packed else None
        async for chunk in self.stream:
            for piece in unpack.pieces(chunk) if unpack else (chunk,):
                size += len(piece)
                if size > self.most:
                    raise too_large(self.most)
                yield piece
        if unpack:
            unpack.end()

    async def aclose(self) -> None:
        """Frees the connection."""
        await self.stream.aclose()


class Unpacking:
    """gzip or deflate, in pieces of at most PIECE_BYTES."""

    def __init__(self) -> None:
        self.inflate, self.begun = zlib.decompressobj(GZIP_OR_ZLIB), False

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What comes out of the next chunk."""
        try:
            while chunk:
                self.begun = True
                yield self.inflate.decompress(chunk, PIECE_BYTES)
                if self.inflate.eof:
                    chunk, self.inflate, self.begun = self.inflate.unused_data, zlib.decompressobj(GZIP_OR_ZLIB), False
                else:
                    chunk = self.inflate.unconsumed_tail
        except zlib.error as error:
            raise broken() from error

    def end(self) -> None:
        """Raises ModelError where more should have come."""
        if self.begun:
            raise broken()


def broken() -> ModelError:
    """The error of a body that cannot be unpacked."""
    return ModelError(CONNECTION, "its body is packed, and broken", Verdict.WAIT, paid=True)


def bounding(most: int) -> Callable[[httpx2.Response], Awaitable[None]]:
    """A hook of httpx2's for responses: their bodies are bounded, and unpacked here."""

    async def bound(response: httpx2.Response) -> None:
        packing = response.headers.get("content-encoding", "").strip().lower()
        if packing:
            if packing not in (*PACKINGS.split(", "), "identity"):
                raise ModelError(CONNECTION, "its body is packed in a way that was not asked for", Verdict.WAIT)
            del response.headers["content-encoding"]
        response.stream = BoundedStream(response.stream, packing not in ("", "identity"), most)

    return bound


def bounded_session(most: int) -> aiohttp.ClientSession:
    """Aiohttp's session as google-genai would open it, with bodies of at most `most` bytes. Call it in a running loop.

    An answer of status 200 that holds an error raises what that means, since google-genai would see an empty answer.
    """

    class BoundedResponse(aiohttp.ClientResponse):
        async def read(self) -> bytes:
            """The body. Raises ModelError where it is too large."""
            if self._body is None:
                pieces, size = list[bytes](), 0
                try:
                    async for piece in self.content.iter_any():
                        size += len(piece)
                        if size > most:
                            raise too_large(most)
                        pieces.append(piece)
                except BaseException:
                    self.close()
                    raise
                self._body = b"".join(pieces)
            return await super().read()

        async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
            """The body as a text. Raises ModelError where it is an error."""
            if self.status == 200:
                error = error_in_answer(await self.read())
                if error:
                    raise error
            return await super().text(encoding, errors)

        async def json(self, **options: Any) -> Any:
            """The body of an error, parsed; a page of a proxy is its message."""
            try:
                return await super().json(**options)
            except (aiohttp.ContentTypeError, ValueError):
                return {"message": await super().text(errors="replace")}

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        trust_env=True,
        response_class=BoundedResponse,
        headers={"Accept-Encoding": PACKINGS},
    )
