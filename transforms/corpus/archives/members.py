"""The members of an archive, and their bytes as a stream."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from persona_hub.transforms.corpus.corpus_records import BrokenError, Damage, Limits, SkippedRecord


@dataclass(frozen=True)
class Member:
    """A file in an archive. Its `chunks` are read before the next member is asked for, or not at all."""

    name: str
    size: int  # bytes, as the archive says
    chunks: Iterator[bytes]  # raises BrokenError at damage, after what comes before it


Found = Member | SkippedRecord | Damage


def is_hidden(name: str) -> bool:
    """Whether a member, or a folder that it is in, has a name that is passed over in folders, too."""
    return any(part.startswith((".", "_")) for part in name.split("/") if part not in (".", ".."))


def check_count(number: int, limits: Limits) -> None:
    """Raises BrokenError for more members than an archive may have."""
    if number > limits.archive_members:
        detail = f"more than {limits.archive_members:,} members. Split the archive, or unpack it."
        raise BrokenError("too-many-members", detail)


class MemberStream(io.RawIOBase):
    """Chunks as a stream that can be read once, and of which what has been read can be put back."""

    def __init__(self, chunks: Iterator[bytes]):
        self._chunks = chunks
        self._held = b""
        self._broken: BrokenError | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer at the end or before damage. Raises BrokenError at damage."""
        parts, have = [self._held], len(self._held)
        while size < 0 or have < size:
            try:
                chunk = next(self._chunks, None)
            except BrokenError as broken:
                self._broken, self._chunks, chunk = broken, iter(()), None
            if chunk is None:
                break
            parts.append(chunk)
            have += len(chunk)
        data = b"".join(parts)
        if not data and size and self._broken:
            raise self._broken
        data, self._held = (data, b"") if size < 0 else (data[:size], data[size:])
        return data

    def unread(self, data: bytes) -> None:
        """Puts back what has been read."""
        self._held = data + self._held


def spooled(chunks: Iterator[bytes], limits: Limits) -> BinaryIO:
    """Chunks in a temporary file, for readers that seek. Raises BrokenError if they are too many."""
    file = cast(BinaryIO, tempfile.NamedTemporaryFile())  # noqa: SIM115 - the reader closes it
    try:
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > limits.spooled_bytes:
                detail = f"a member of more than {limits.spooled_bytes:,} bytes. Take it out of the archive."
                raise BrokenError("member-too-large", detail)
            file.write(chunk)
        file.flush()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file
