"""Members of a tar archive (v7, ustar, GNU, pax), read as a stream; after damage the next header is looked for."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator

from persona_hub.transforms.corpus.archives.members import Found, Member, check_count, is_hidden
from persona_hub.transforms.corpus.corpus_records import FETCH_FILE, KIB, BrokenError, Damage, Limits, SkippedRecord
from persona_hub.transforms.corpus.names import printable_name

BLOCK = 512
NAME_BYTES = 64 * KIB  # of a long name, or of the further fields of a header: paths have 4 KiB
FILES = frozenset((tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE))
NOT_FILES = frozenset((tarfile.DIRTYPE, b"D", b"V"))  # with GNU's list of a folder and the label of a volume
NO_FILES = {
    tarfile.LNKTYPE: "link", tarfile.SYMTYPE: "link",
    tarfile.CHRTYPE: "device", tarfile.BLKTYPE: "device", tarfile.FIFOTYPE: "fifo",
}  # fmt: skip


def tar_members(chunks: Iterator[bytes], limits: Limits) -> Iterator[Found]:
    """The files of an archive; a damage for what cannot be read, and a skip for links, devices and hidden files.

    Raises BrokenError where nothing can follow.
    """
    source = _Source(chunks)
    number, lost = 0, False
    extra: dict[str, str] = {}  # what the headers before a header say of its member
    while len(block := source.take(BLOCK)) == BLOCK:
        if not any(block):
            continue  # the end of an archive, but another may follow: tars are put together with cat
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.TarError as error:
            if not number and not lost:
                raise BrokenError("not-tar", f"no tar archive ({error}). {FETCH_FILE}") from error
            if not lost:
                yield Damage(f"byte {source.at - BLOCK}", "tar-damaged", f"no header of a member here. {FETCH_FILE}")
            lost = True
            continue
        lost, number = False, number + 1
        check_count(number, limits)
        size = int(extra.get("size", info.size)) if str(extra.get("size", "0")).isdigit() else info.size
        if info.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, b"X"):
            extra |= _extra_fields(info.type, source.whole(info.size, NAME_BYTES))
            continue
        name = printable_name(extra.get("path", info.name).removeprefix("./"))
        sparse = info.type == tarfile.GNUTYPE_SPARSE or any(key.startswith("GNU.sparse.") for key in extra)
        extra = {}
        if info.type in NOT_FILES:
            source.skip(size)
        elif info.type in NO_FILES:
            yield SkippedRecord("the member", "", NO_FILES[info.type], member=name)
        elif sparse or info.type not in FILES:
            what = "sparse" if sparse else f"of the unknown type {info.type!r}"
            yield Damage("the member", "unread-member", f"it is {what}. Unpack the archive first.", member=name)
            if info.type == tarfile.GNUTYPE_SPARSE:
                _skip_sparse_map(block, source)
            source.skip(size)
        elif is_hidden(name):
            yield SkippedRecord("the member", "", "hidden", member=name)
            source.skip(size)
        else:
            data = source.within(size)
            yield Member(name, size, data)
            if source.broken:
                return  # the reader of the member has said so
            source.skip_to(source.member_end)
    if block:
        raise BrokenError("tar-truncated", f"the archive ends within a header. {FETCH_FILE}")


class _Source:
    """Counted bytes out of chunks."""

    def __init__(self, chunks: Iterator[bytes]):
        self._chunks = chunks
        self._held = b""
        self.at = 0  # bytes taken
        self.member_end = 0  # where the header after the current member is
        self.broken = False

    def take(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        parts = []
        while size and (part := self._next(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def whole(self, size: int, most: int) -> bytes:
        """A small member. Raises BrokenError for a large one."""
        if size > most:
            raise BrokenError("tar-damaged", f"a header of {size:,} bytes. {FETCH_FILE}")
        return self.take(_padded(size))[:size]

    def within(self, size: int) -> Iterator[bytes]:
        """The bytes of a member, in chunks. Raises BrokenError where the archive ends before."""
        self.member_end = self.at + _padded(size)
        return self._bytes(size)

    def _bytes(self, size: int) -> Iterator[bytes]:
        while size:
            part = self._next(size)
            if not part:
                self.broken = True
                raise BrokenError("tar-truncated", f"the archive ends {size:,} bytes before the member. {FETCH_FILE}")
            size -= len(part)
            yield part

    def skip(self, size: int) -> None:
        """Leaves out the bytes of a member."""
        self.skip_to(self.at + _padded(size))

    def skip_to(self, end: int) -> None:
        """Leaves out all before `end`. Raises BrokenError where the archive ends before."""
        while self.at < end:
            if not self._next(end - self.at):
                raise BrokenError("tar-truncated", f"the archive ends {end - self.at:,} bytes early. {FETCH_FILE}")

    def _next(self, most: int) -> bytes:
        if not self._held:
            try:
                self._held = next(self._chunks, b"")
            except BrokenError:
                self.broken = True
                raise
        part, self._held = self._held[:most], self._held[most:]
        self.at += len(part)
        return part


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _extra_fields(kind: bytes, data: bytes) -> dict[str, str]:
    """What a header before the header says of the member: a long name of GNU's, or the fields of pax."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return {"path": data.rstrip(b"\0").decode("utf-8", "surrogateescape")}
    fields: dict[str, str] = {}
    while kind in (tarfile.XHDTYPE, b"X") and data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or not 0 < int(length) <= len(data):
            break
        key, _, value = data[len(length) + 1 : int(length) - 1].partition(b"=")
        fields[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        data = data[int(length) :]
    return fields


def _skip_sparse_map(block: bytes, source: _Source) -> None:
    more = block[482]
    while more and len(block := source.take(BLOCK)) == BLOCK:
        more = block[504]
