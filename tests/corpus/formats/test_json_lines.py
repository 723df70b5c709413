"""Lines of JSON: each is read once, whatever the pieces, and each that cannot be read is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_hub.transforms.corpus.corpus_records import CorpusRecord, Damage, Limits, SkippedRecord, TextRecord
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.formats.json_lines import record_of_line
from persona_hub.transforms.corpus.formats.lines import Line
from persona_hub.transforms.corpus.formats.readers import read_piece
from persona_hub.transforms.corpus.pieces import pieces_of


def found_in(path: Path, piece_bytes: int = 1 << 30, limits: Limits | None = None) -> list[CorpusRecord]:
    (file,) = match_corpus([str(path)], "jsonl")
    return [f for piece in pieces_of(file, piece_bytes) for f in read_piece(piece, "", limits or Limits())]


def line(data: bytes | str, text_field: str = "") -> CorpusRecord:
    data = data.encode() if isinstance(data, str) else data
    return record_of_line(Line("line 1", data), text_field, Limits())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=12),
    piece_bytes=st.integers(1, 200),
    end=st.sampled_from(["\n", "\r\n", "\n\n", "\n \n"]),
    last=st.booleans(),
)
def test_each_line_is_read_once_whatever_the_pieces(
    tmp_path: Path, texts: list[str], piece_bytes: int, end: str, last: bool
) -> None:
    lines = end.join(json.dumps({"text": text}, ensure_ascii=False) for text in texts) + (end if last else "")
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines.encode())
    found = found_in(path, piece_bytes)
    assert [f.text for f in found if isinstance(f, TextRecord)] == texts
    places = [f.place for f in found]
    assert len(set(places)) == len(places)


def test_a_place_is_a_line_of_a_whole_file_and_a_byte_of_a_piece(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "one"}\n\n{"text": "two"}\n{"text": 3}\n')
    assert [f.place for f in found_in(path)] == ["line 1", "line 3", "line 4"]
    places = [f.place for f in found_in(path, 10)]
    assert places == ["byte 0", "byte 17", "byte 33"]
    assert path.read_bytes()[33:].startswith(b'{"text": 3}')


def test_the_text_is_where_each_corpus_has_it() -> None:
    assert line('{"url": "https://a.example", "raw_content": "x"}') == TextRecord("line 1", "https://a.example", "x")
    assert line('{"id": 7, "source": "cc", "text": "x"}') == TextRecord("line 1", "7", "x")
    assert line('{"text": "x", "body": "y"}', "body") == TextRecord("line 1", "", "y")


def test_odd_text_is_data() -> None:
    assert line(r'{"text": "a\u0000b<b>\u202e\n"}') == TextRecord("line 1", "", "a\0b<b>\u202e\n")
    assert line(r'{"text": "lone \ud800", "score": NaN}') == TextRecord("line 1", "", "lone \ud800")
    assert line('{"text": "tab\there"}') == TextRecord("line 1", "", "tab\there")


DEEP = "[" * 5000 + "]" * 5000


@pytest.mark.parametrize(
    "unread",
    [
        "1e400",
        "-1e400",
        "9" * 5000,
        "NaN",
        "-Infinity",
        r'"\ud83d"',
        '"\x01"',
        DEEP,
        '{"a": ' * 3000 + "1" + "}" * 3000,
    ],
    ids=["1e400", "-1e400", "5,000 digits", "NaN", "infinity", "surrogate", "control", "deep list", "deep object"],
)
def test_a_field_that_is_not_read_cannot_lose_the_row(unread: str) -> None:
    wanted = TextRecord("line 1", "u", "x")
    assert line(f'{{"a": {unread}, "text": "x", "url": "u"}}') == wanted
    assert line(f'{{"a": 1, "a": {unread}, "text": "x", "url": "u", "z": {unread}}}') == wanted


def test_bytes_of_another_charset_in_a_field_that_is_not_read_cannot_lose_the_row() -> None:
    assert line(b'{"title": "caf\xe9", "text": "caf\xc3\xa9", "id": 1e400}') == TextRecord("line 1", "1e400", "café")
    found = line(b'{"title": "caf\xe9", "text": "The lamps of the ferry went out in the caf\xff last night."}')
    assert found == TextRecord("line 1", "", "The lamps of the ferry went out in the caf\ufffd last night.")


@pytest.mark.parametrize(
    ("value", "sources"),
    [
        ("123456789012345678901234567890", ["123456789012345678901234567890"]),
        ("-18446744073709551617", ["-18446744073709551617"]),
        ("5.0", ["5.0"]),
        ("0.1000000000000000055511151231257827", ["0.1000000000000000055511151231257827"]),
        ('["https://a.example", "https://b.example"]', ["https://a.example", "https://b.example"]),
        ("[123456789012345678901234567890]", ["123456789012345678901234567890"]),
        ("true", [""]),
        ('{"a": 1}', [""]),
    ],
)
def test_an_id_is_as_it_is_written(value: str, sources: list[str]) -> None:
    for field in ("url", "id", "doc_id"):
        found = line(f'{{"text": "x", "{field}": {value}}}')
        assert isinstance(found, TextRecord)
        assert [found.source, *found.others] == sources


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"text": "cut', "broken-json"),
        (b"[" * 100_000, "broken-json"),
        (b'{"text": "caf\xe9"}', "undecodable"),
        (b'["a", "list"]', "not-an-object"),
        (b'{"title": "x"}', "field-missing"),
        (b'{"text": ["x"]}', "field-not-text"),
        (b'{"text": 1e400}', "field-not-text"),
        (b'{"text": ' + b"[" * 5000 + b"]" * 5000 + b', "text": 5}', "field-not-text"),
        (b'{"text": "x", "deep": ' + b"[" * 5000 + b"]" * 4999 + b"}", "broken-json"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_a_remedy(data: bytes, reason: str) -> None:
    found = line(data)
    assert isinstance(found, Damage)
    assert (found.place, found.reason) == ("line 1", reason)
    assert any(word in found.detail for word in ("Mend", "Convert", "--text_field"))


@pytest.mark.parametrize(
    "data", [b'{"text": "a"}{"text": "b"}', b'{"text": "a"}\r{"text": "b"}', b' {"text": "a"},', b'{"text": "a"} // b']
)
def test_several_values_on_a_line_are_told_from_a_broken_one(data: bytes) -> None:
    found = line(data)
    assert isinstance(found, Damage)
    assert "More follows the first value: write one a line" in found.detail


def test_a_null_is_a_skip() -> None:
    assert line('{"text": null, "url": "u"}') == SkippedRecord("line 1", "u", "no-text")


def test_a_line_of_100_megabytes_is_one_damage(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    with path.open("wb") as file:
        file.write(b'{"text": "before"}\n{"text": "')
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"text": "after"}\n')
    for piece_bytes in (1 << 30, 16 << 20):
        before, long, after = found_in(path, piece_bytes)
        assert isinstance(before, TextRecord)
        assert isinstance(after, TextRecord)
        assert isinstance(long, Damage)
        assert long.reason == "record-too-large"
        assert len(long.excerpt) <= 1024


@pytest.mark.parametrize("start", ['[{"text": "x"},', "{", "\ufeff[1]"])
def test_json_that_is_not_lines_is_one_damage(tmp_path: Path, start: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(start + '\n  "text": "x"\n}\n' * 50, encoding="utf-8")
    assert [getattr(f, "reason", "") for f in found_in(path)] == ["not-json-lines"]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be"])
def test_a_file_in_utf_16_or_32_is_one_damage(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(('{"text": "x"}\n' * 3).encode(codec))
    (found,) = found_in(path)
    assert isinstance(found, Damage)
    assert (found.reason, found.detail.rpartition(" -f ")[2]) == ("not-utf-8", f"{codec} -t utf-8.")


def test_what_is_no_json_at_all_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"not json\n" * 5000)
    found = found_in(path, limits=Limits(broken_run=10))
    assert [getattr(f, "reason", "") for f in found] == ["broken-json"] * 10 + ["not-json-lines"]


def test_broken_lines_among_good_ones_are_never_given_up(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes((b"not json\n" * 9 + b'{"text": "good"}\n') * 50)
    found = found_in(path, limits=Limits(broken_run=10))
    assert [getattr(f, "reason", "") for f in found] == (["broken-json"] * 9 + [""]) * 50


def test_a_compressed_file_under_a_plain_name_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = "".join(json.dumps({"text": f"text {i} {i * 7919}"}) + "\n" for i in range(500))
    path.write_bytes(gzip.compress(rows.encode()))
    assert len(found_in(path, 300)) == 500


def test_a_truncated_archive_is_one_damage_after_what_could_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    rows = "".join(json.dumps({"text": f"text {i} {i * 7919}"}) + "\n" for i in range(500))
    packed = gzip.compress(rows.encode())
    path.write_bytes(packed[: len(packed) // 2])
    *texts, damage = found_in(path)
    assert all(isinstance(found, TextRecord) for found in texts)
    assert 100 < len(texts) < 400
    assert isinstance(damage, Damage)
    assert (damage.reason, damage.place) == ("gzip-truncated", f"after line {len(texts)}")


def test_a_file_that_is_gone_is_one_damage(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "x"}')
    (file,) = match_corpus([str(path)])
    path.unlink()
    (found,) = read_piece(next(pieces_of(file)), "", Limits())
    assert isinstance(found, Damage)
    assert found.reason == "unreadable"
