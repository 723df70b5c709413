"""Compressed files are read as streams, through all members, to the place where they break."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import assume, given
from hypothesis import strategies as st

from persona_hub.transforms.corpus.content import codec_of
from persona_hub.transforms.corpus.corpus_records import KIB, MIB, BrokenError, CorpusFile, Limits
from persona_hub.transforms.corpus.streams import decompressed, open_raw, raw_chunks

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "plain": lambda data: data,
}


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
    assume(codec_of(b"".join(members)) is None)  # what looks compressed in its turn is unpacked, too
    packed = b"".join(map(PACK[name], members))
    assert b"".join(decompressed(chunks(packed, size), Limits())) == b"".join(members)


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zstd"])
def test_a_truncated_file_gives_what_came_before(name: str) -> None:
    text = random.Random(1).randbytes(300_000)
    packed = PACK[name](text)
    got, reason = read_until_broken(packed[: len(packed) * 3 // 4])
    assert reason == f"{name}-truncated"
    assert text.startswith(got)
    assert name == "bzip2" or len(got) > 100_000  # bzip2 has blocks of 900 kB, all or nothing


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zstd"])
def test_damage_is_told_from_truncation(name: str) -> None:
    packed = bytearray(PACK[name](random.Random(1).randbytes(300_000)))
    packed[len(packed) // 2 : len(packed) // 2 + 64] = bytes(64)
    assert read_until_broken(bytes(packed) + bytes(10))[1] in (f"{name}-damaged", f"{name}-truncated")


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zstd"])
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


def test_the_example_of_members() -> None:
    one, two, three = (gzip.compress(text, compresslevel=0) for text in (b"one", b"two", b"three"))
    damaged = two[:-6] + b"\xff" + two[-5:]  # in the checksum, so that its text is out already
    breaks: list[BrokenError] = []
    parts = [one[:17], one[17:] + bytes(2) + damaged[:20], damaged[20:] + three]
    assert list(decompressed(iter(parts), Limits(), breaks)) == [b"on", b"e", b"two", b"", b"three"]
    assert len(breaks) == 1


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (gzip.compress(b"x", mtime=0), "gzip"),
        (bz2.compress(b"x"), "bzip2"),
        (zstandard.compress(b"x"), "zstd"),
        (b"\x5a\x2a\x4d\x18....", "zstd"),  # a skippable frame, with which pzstd begins
        (b"BZ", None),
        (b"\x1f", None),
        (b"", None),
        (b"{}", None),
    ],
)
def test_the_first_bytes_tell_the_compression(head: bytes, name: str | None) -> None:
    assert codec_of(head) == name


def test_skippable_frames_of_zstd_are_skipped() -> None:
    frame = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"abcd"
    packed = frame + zstandard.compress(b"one") + frame + zstandard.compress(b"two")
    assert read_until_broken(packed) == (b"onetwo", "")


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zstd"])
def test_many_small_bombs_are_one_large_one(name: str) -> None:
    member = PACK[name](bytes(MIB))
    limits = Limits(free_bytes=4 * MIB, ratio=100)
    assert read_until_broken(member * 20, limits)[1] == "decompression-bomb"
    assert read_until_broken(member * 3, limits)[1] == ""  # so much is free


def test_a_file_that_packs_well_is_no_bomb_while_its_ratio_is_allowed() -> None:
    text = b"".join(b"2026-11-20 12:00:00 INFO request %d served\n" % i for i in range(60_000))
    packed = gzip.compress(text)
    assert len(text) < 50 * len(packed)
    assert read_until_broken(packed, Limits(free_bytes=1000, ratio=50)) == (text, "")
    assert read_until_broken(packed, Limits(free_bytes=1000, ratio=3))[1] == "decompression-bomb"


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zstd"])
@given(cut=st.floats(0, 1))
def test_a_file_cut_anywhere_gives_a_beginning_and_says_so(name: str, cut: float) -> None:
    text = b"The tide came in, and then it went out again. " * 50
    packed = PACK[name](text)
    kept = packed[: 4 + int(cut * (len(packed) - 5))]
    got, reason = read_until_broken(kept)
    assert text.startswith(got)
    assert reason == f"{name}-truncated"


@given(junk=st.binary(min_size=1, max_size=300), at=st.floats(0, 1))
def test_damage_anywhere_ends_in_a_word_and_no_crash(junk: bytes, at: float) -> None:
    for name in ("gzip", "bzip2", "xz", "zstd"):
        packed = bytearray(PACK[name](b"The tide came in. " * 100))
        start = 4 + int(at * (len(packed) - 4))
        packed[start : start + len(junk)] = junk
        reason = read_until_broken(bytes(packed), Limits(free_bytes=4 * MIB, ratio=100))[1]
        words = {"", f"{name}-damaged", f"{name}-truncated", "decompression-bomb", "zstd-window", "zstd-dictionary"}
        assert reason in words


def test_what_cannot_be_opened_or_read_is_said_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(BrokenError, match="See that it exists and that the account may read it"):
        open_raw(CorpusFile(str(tmp_path / "gone"), 1, "text"))

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("Input/output error")

    with pytest.raises(BrokenError, match="cannot be read: Input/output error") as caught:
        list(raw_chunks(Failing()))
    assert caught.value.reason == "unreadable"


def test_all_that_comes_before_the_damage_of_a_gzip_member_is_read() -> None:
    lines = [b"line %d: %s\n" % (i, random.Random(i).randbytes(20).hex().encode()) for i in range(30_000)]
    text = b"".join(lines)  # 1.6 MB
    packed = gzip.compress(text)
    for share in (0.05, 0.5, 0.95):
        at = int(len(packed) * share)
        got, reason = read_until_broken(packed[:at] + bytes(64) + packed[at + 64 :])
        sound, _ = read_until_broken(packed[:at])
        assert reason == "gzip-damaged"
        assert got.startswith(sound[:-300])  # a code may reach over the place, and stand for 258 bytes
        assert len(sound) > share * len(text) * 0.9


def test_a_wrong_checksum_loses_nothing_that_came_before_it() -> None:
    packed = bytearray(gzip.compress(b'{"text": "one"}\n{"text": "two"}\n'))
    packed[-6] ^= 1
    assert read_until_broken(bytes(packed)) == (b'{"text": "one"}\n{"text": "two"}\n', "gzip-damaged")


@pytest.mark.parametrize("outer", ["gzip", "bzip2", "xz", "zstd"])
@pytest.mark.parametrize("inner", ["gzip", "bzip2", "xz", "zstd"])
def test_what_is_compressed_twice_is_unpacked_twice(outer: str, inner: str) -> None:
    text = b"The tide came in. " * 100
    packed = PACK[outer](PACK[inner](text))
    assert read_until_broken(packed) == (text, "")
    assert b"".join(decompressed(chunks(packed, 5), Limits())) == text


def test_what_is_compressed_too_often_is_refused() -> None:
    packed = b"text"
    for _ in range(3):
        packed = gzip.compress(packed)
    assert read_until_broken(packed) == (b"text", "")
    assert read_until_broken(gzip.compress(packed)) == (b"", "nested-compression")


def test_bombs_within_bombs_share_one_bound() -> None:
    inner = gzip.compress(bytes(64 * MIB))
    packed = gzip.compress(inner)
    limits = Limits(free_bytes=4 * MIB, ratio=1500)  # each by itself would pass
    assert read_until_broken(inner, limits)[1] == ""
    assert read_until_broken(packed, limits)[1] == "decompression-bomb"


def test_a_zstd_window_over_the_bound_is_named_with_the_flag() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = compressor.compress(b"The tide came in. ") + compressor.flush()
    with pytest.raises(
        BrokenError, match=r"takes 256 MB of memory, allowed are 128\. Give --zstd_window_mb 256"
    ) as caught:
        list(decompressed(chunks(packed), Limits()))
    assert caught.value.reason == "zstd-window"
    assert read_until_broken(packed, Limits(zstd_window_mb=256)) == (b"The tide came in. ", "")


def test_a_zstd_dictionary_that_is_missing_is_named() -> None:
    samples: list[bytes | bytearray | memoryview[int]] = [
        b"a row of the table, number %d, and its text" % i for i in range(500)
    ]
    dictionary = zstandard.train_dictionary(1024, samples)
    packed = zstandard.ZstdCompressor(dict_data=dictionary).compress(b"a row of the table")
    with pytest.raises(BrokenError, match=rf"dictionary {dictionary.dict_id()}, .* zstd -d -D DICTIONARY") as caught:
        list(decompressed(chunks(packed), Limits()))
    assert caught.value.reason == "zstd-dictionary"
