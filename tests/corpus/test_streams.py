"""Compressed files are read as streams, through all members, to the place where they break."""

from __future__ import annotations

import bz2
import gzip
import random
from collections.abc import Callable, Iterator

import pytest
import zstandard
from hypothesis import assume, given
from hypothesis import strategies as st

from transforms.corpus.found import KIB, MIB, BrokenError, Limits
from transforms.corpus.streams import decompressed

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "plain": lambda data: data,
}

MAGIC = (b"\x1f\x8b", b"BZh", b"\x28\xb5\x2f\xfd")


def chunks(data: bytes, size: int = 1000) -> Iterator[bytes]:
    return (data[i : i + size] for i in range(0, len(data), size))


def read_until_broken(data: bytes, limits: Limits | None = None) -> tuple[bytes, str]:
    out = bytearray()
    try:
        for chunk in decompressed(chunks(data), limits or Limits()):
            out += chunk
    except BrokenError as broken:
        return bytes(out), broken.reason
    return bytes(out), ""


@pytest.mark.parametrize("name", PACK)
@given(members=st.lists(st.binary(max_size=3000), min_size=1, max_size=5), size=st.integers(4, 5000))
def test_all_members_are_read_whatever_the_chunks(name: str, members: list[bytes], size: int) -> None:
    packed = b"".join(map(PACK[name], members))
    assume(name != "plain" or not packed.startswith(MAGIC))
    assert b"".join(decompressed(chunks(packed, size), Limits())) == b"".join(members)


@pytest.mark.parametrize("name", ["gzip", "bzip2", "zstd"])
def test_a_truncated_file_gives_what_came_before(name: str) -> None:
    text = random.Random(1).randbytes(300_000)
    packed = PACK[name](text)
    got, reason = read_until_broken(packed[: len(packed) * 3 // 4])
    assert reason == f"{name}-truncated"
    assert text.startswith(got)
    assert name == "bzip2" or len(got) > 100_000  # bzip2 has blocks of 900 kB, all or nothing


@pytest.mark.parametrize("name", ["gzip", "bzip2", "zstd"])
def test_damage_is_told_from_truncation(name: str) -> None:
    packed = bytearray(PACK[name](random.Random(1).randbytes(300_000)))
    packed[len(packed) // 2 : len(packed) // 2 + 64] = bytes(64)
    assert read_until_broken(bytes(packed) + bytes(10))[1] in (f"{name}-damaged", f"{name}-truncated")


@pytest.mark.parametrize("name", ["gzip", "bzip2", "zstd"])
def test_a_bomb_is_stopped_at_the_bound(name: str) -> None:
    bomb = PACK[name](bytes(64 * MIB))
    limits = Limits(free_bytes=4 * MIB, ratio=100)
    got, reason = read_until_broken(bomb, limits)
    assert reason == "decompression-bomb"
    assert len(got) < 64 * MIB
    assert read_until_broken(bomb, Limits(free_bytes=65 * MIB))[1] == ""


def test_padding_after_the_end_is_no_damage_and_junk_is() -> None:
    assert read_until_broken(gzip.compress(b"text") + bytes(2000)) == (b"text", "")
    assert read_until_broken(gzip.compress(b"text") + b"junk") == (b"text", "gzip-damaged")


def test_reading_goes_on_at_the_next_member_where_asked() -> None:
    members = [gzip.compress(random.Random(i).randbytes(20 * KIB)) for i in range(5)]
    damaged = members[2][:5000] + bytes(100) + members[2][5100:]
    breaks: list[BrokenError] = []
    packed = b"".join([*members[:2], damaged, *members[3:]])
    out = list(decompressed(chunks(packed), Limits(), breaks))
    got = b"".join(out)
    for i in (0, 1, 3, 4):
        assert random.Random(i).randbytes(20 * KIB) in got
    assert [broken.reason for broken in breaks] == ["gzip-damaged"]
    assert out.count(b"") == 1
