"""Archives: the records of each member, read as what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, cast

from persona_hub.transforms.corpus.archives.members import Found, Member, MemberStream, spooled
from persona_hub.transforms.corpus.archives.tar import tar_members
from persona_hub.transforms.corpus.archives.zip import zip_members
from persona_hub.transforms.corpus.content import codec_of
from persona_hub.transforms.corpus.corpus_records import (
    BrokenError,
    Budget,
    CorpusFile,
    CorpusRecord,
    Damage,
    Limits,
    Piece,
    Reader,
)
from persona_hub.transforms.corpus.streams import MAGIC_BYTES, decompressed, open_raw, raw_chunks


def read_archive(
    file: CorpusFile, kind: str, text_field: str, limits: Limits, read_member: Reader
) -> Iterator[CorpusRecord]:
    """What `read_member` finds in each member of an archive (a `kind` of ARCHIVES); a damaged one loses itself alone.

    All members together have one budget of bytes. Raises BrokenError where the archive cannot be read on.
    """
    if not limits.archive_depth:
        raise BrokenError("nested-archive", "too many archives in one another. Unpack it first, or leave it out.")
    outer = limits.budget
    budget = outer or Budget(limits.free_bytes, limits.ratio)
    inner = replace(limits, budget=budget, archive_depth=limits.archive_depth - 1)
    for found in _members(file, kind, inner, budget, counted=outer is not None):
        if not isinstance(found, Member):
            yield found
            continue
        format = file.format if file.forced else ""
        stream = cast(BinaryIO, MemberStream(found.chunks))
        member = CorpusFile(found.name, found.size, format, forced=file.forced, stream=stream)
        for record in read_member(Piece(member, 0, max(found.size, 1)), text_field, inner):
            yield replace(record, member=f"{found.name}!{record.member}" if record.member else found.name)
            if isinstance(record, Damage) and record.reason == "decompression-bomb":
                return  # the budget is that of all members


def _members(file: CorpusFile, kind: str, limits: Limits, budget: Budget, counted: bool) -> Iterator[Found]:
    with open_raw(file) as stream:
        chunks = raw_chunks(stream)
        if not counted:
            chunks = budget.taking(chunks)
        if kind != "zip":
            yield from tar_members(decompressed(chunks, limits), limits)
            return
        if not stream.seekable() or codec_of(stream.read(MAGIC_BYTES)):
            if stream.seekable():
                stream.seek(0)
            stream = spooled(decompressed(chunks, limits), limits)
        elif not counted:
            budget.taken = file.size
        with stream:
            yield from zip_members(stream, limits, budget)
