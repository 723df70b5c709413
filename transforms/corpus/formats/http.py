"""What a server answered: status, headers, and the body as the page's author wrote it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from persona_hub.transforms.corpus.content import codec_of
from persona_hub.transforms.corpus.corpus_records import KIB, BrokenError, Limits
from persona_hub.transforms.corpus.streams import decompressed

HTTP_HEAD_BYTES = 256 * KIB


@dataclass(frozen=True)
class HttpResponse:
    """A response: its headers by lower-case name, its body as it was sent."""

    status: int  # 0 if there is none
    headers: dict[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """Of the body, without parameters."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


def parse_http_response(content: bytes) -> HttpResponse:
    """The parts of a response. Content which is no HTTP response is taken for a body without headers."""
    if not content.startswith(b"HTTP/"):
        return HttpResponse(0, {}, content)
    head, body = content, b""
    for gap in (b"\r\n\r\n", b"\n\n"):
        at = content.find(gap, 0, HTTP_HEAD_BYTES)
        if at >= 0 and at <= len(head):
            head, body = content[:at], content[at + len(gap) :]
    first, *lines = head[:HTTP_HEAD_BYTES].decode("latin-1").splitlines() or [""]
    words = first.split()
    status = int(words[1]) if len(words) > 1 and words[1].isascii() and words[1].isdigit() else 0
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return HttpResponse(status, headers, body)


def decoded_body(response: HttpResponse, limits: Limits) -> bytes:
    """The body without its codings. Many crawlers undo them and keep the header: what is not coded stays as it is.

    Raises BrokenError if it holds more than `limits` allow a record, or is coded in an unknown way.
    """
    body = response.body
    codings = f"{response.headers.get('content-encoding', '')},{response.headers.get('transfer-encoding', '')}"
    names = [name.strip().lower() for name in codings.split(",")]
    if "chunked" in names:
        body = _unchunked(body)
    if codec_of(body):
        return _bounded(decompressed(iter([body]), limits), limits)
    if "deflate" in names:
        return _inflated(body, limits)
    return _unbrotlied(body, limits) if "br" in names else body


def _bounded(chunks: Iterator[bytes], limits: Limits) -> bytes:
    """All chunks; what a crawler cut off is used as far as it goes."""
    parts: list[bytes] = []
    size = 0
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > limits.record_bytes:
                detail = f"a body of more than {limits.record_bytes:,} bytes when unpacked: a bomb. Leave it out."
                raise BrokenError("decompression-bomb", detail)
            parts.append(chunk)
    except BrokenError as broken:
        if not parts or broken.reason == "decompression-bomb":
            raise
    return b"".join(parts)


def _unchunked(body: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    while at < len(body):
        end = body.find(b"\n", at, at + 100)
        try:
            size = int(body[at:end].split(b";")[0], 16) if end >= 0 else -1
        except ValueError:
            size = -1
        if size < 0:
            return b"".join(parts) if parts else body
        if size == 0:
            break
        parts.append(body[end + 1 : end + 1 + size])
        at = end + 1 + size
        at += 2 if body[at : at + 2] == b"\r\n" else 1
    return b"".join(parts)


def _inflated(body: bytes, limits: Limits) -> bytes:
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):  # servers send either
        try:
            return _bounded(iter([zlib.decompressobj(bits).decompress(body, limits.record_bytes + 1)]), limits)
        except zlib.error:
            continue
    return body


def _unbrotlied(body: bytes, limits: Limits) -> bytes:
    try:
        import brotli
    except ImportError:
        raise BrokenError("content-encoding", "the body is in brotli. Install the package brotli.") from None
    decoder = brotli.Decompressor()
    try:
        first = decoder.process(body, output_buffer_limit=limits.record_bytes + 1)
    except brotli.error:
        return body
    return _bounded(iter([first]), limits)
