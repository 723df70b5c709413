"""CSV and TSV, row by row."""

from __future__ import annotations

import csv
import gzip
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.csv
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_hub.transforms.corpus.corpus_records import BrokenError, CorpusRecord, Damage, Limits, TextRecord
from persona_hub.transforms.corpus.tables import rows
from persona_hub.transforms.corpus.tables.rows import DelimitedRow, delimited_rows, separator_of
from tests.corpus.writing import as_table, found_in

TEXT = "The ferryman reads the river by the colour of its foam, and turns back when it is the colour of tea."
DATA = os.environ.get("PERSONA_HUB_DATA", "")


def texts(found: Sequence[CorpusRecord]) -> list[str]:
    """Text of each row, reason of each that has none."""
    return [record.text if isinstance(record, TextRecord) else record.reason for record in found]


def rows_of(text: str, separator: str = ",", step: int = 1 << 20, **limits: Any) -> list[DelimitedRow | Damage]:
    chunks = (text[at : at + step] for at in range(0, len(text), step))
    return list(delimited_rows(chunks, separator, Limits(**limits)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    cells=st.lists(
        st.lists(st.text('ab ,;\t"\n\0é渡', max_size=12), min_size=2, max_size=2).filter(any), min_size=1, max_size=8
    ),
    separator=st.sampled_from(",\t"),
    step=st.integers(1, 40),
)
def test_any_rows_are_read_as_they_were_written(cells: list[list[str]], separator: str, step: int) -> None:
    found = rows_of(as_table(cells, separator).decode(), separator, step)
    assert [row.fields for row in found if isinstance(row, DelimitedRow)] == cells
    assert [row.number for row in found if isinstance(row, DelimitedRow)] == list(range(len(cells)))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("extension", [".csv", ".tsv"])
def test_there_are_as_many_rows_as_pyarrow_counts(tmp_path: Path, extension: str, packed: bool) -> None:
    separator = "\t" if extension == ".tsv" else ","
    rows = [[f"{i}", f'{TEXT}\n\nHe said: "Row {i}, please."', f"https://a.example/{i}"] for i in range(300)]
    data = as_table([["n", "text", "url"], *rows], separator)
    path = tmp_path / (f"x{extension}.gz" if packed else f"x{extension}")
    path.write_bytes(gzip.compress(data) if packed else data)
    options = pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    theirs = pyarrow.csv.read_csv(io.BytesIO(data), parse_options=options)
    found = found_in(path)
    assert [(f.source, f.text) for f in found if isinstance(f, TextRecord)] == list(
        zip(theirs["url"].to_pylist(), theirs["text"].to_pylist(), strict=True)
    )
    assert len(found) == theirs.num_rows == 300
    assert found[1].place == "row 2"


@pytest.mark.skipif(not DATA, reason="PERSONA_HUB_DATA names no folder")
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("reference/onet_occupation_data.csv", "Description"),
        ("reference/esco_occupations_en.csv", "title"),
        ("personas/synthetic_persona_chat_valid.csv.gz", "user 1 personas"),
    ],
)
def test_real_tables_have_as_many_rows_as_the_csv_module_counts(name: str, field: str) -> None:
    path = Path(DATA) / name
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    theirs = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    found = found_in(path, field)
    assert len(found) == len(theirs)
    assert not [record for record in found if isinstance(record, Damage)]


@pytest.mark.parametrize(
    ("head", "separator"),
    [("a,b", ","), ("a;b,c;d", ";"), ("a\tb", "\t"), ("a|b|c", "|"), ("a", ","), ("", ","), ('"a;b",c', ",")],
)
def test_the_first_line_tells_what_sets_fields_apart(head: str, separator: str) -> None:
    assert separator_of(head) == separator


@pytest.mark.parametrize(
    "data",
    [
        b"id,text\r\n7,x\r\n",
        b"\xef\xbb\xbfid,text\n7,x",
        b"\n\nid,text\n\n7,x\n\n",
        b"id;text\n7;x\n",
        b"sep=;\r\nid;text\r\n7;x\r\n",
        b" id , text \n7,x\n",
        b"id,text,text\n7,x,y\n",
        b"id,text\r7,x\r",
        "id\ttext\n7\tx\n".encode("utf-16"),
    ],
    ids=["CR LF", "mark", "blank lines", "semicolons", "Excel", "spaces", "twice", "CR", "UTF-16"],
)
def test_tables_as_programs_write_them(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(data)
    (found,) = found_in(tmp_path / "x.csv")
    assert isinstance(found, TextRecord)
    assert (found.place, found.source, found.text) == ("row 1", "7", "x")


def test_a_row_with_more_or_fewer_fields_is_damage_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b'id,text\n1,"a\nb"\n2,b,c\n3\n4,d\n')
    found = found_in(tmp_path / "x.csv")
    assert texts(found) == ["a\nb", "wrong-fields", "wrong-fields", "d"]
    assert isinstance(found[1], Damage)
    assert (found[1].place, found[1].excerpt) == ("row 2", "2 | b | c")
    assert found[1].detail.startswith("line 4 begins a row of 3 fields, the first row names 2.")


def test_a_quote_that_is_never_closed_costs_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b'id,text\n1,a\n2,"open\n3,c\n4,d\n')
    found = found_in(tmp_path / "x.csv")
    assert texts(found) == ["a", "unclosed-quote", "c", "d"]
    assert isinstance(found[1], Damage)
    assert found[1].place == "row 2"
    assert "line 3" in found[1].detail


def test_a_row_that_is_too_large_costs_its_line(tmp_path: Path) -> None:
    rows = ["id,text", "1,a", f"2,{'large ' * 100}", "3,c", '4,"open', *["5,e"] * 300]
    (tmp_path / "x.csv").write_text("\n".join(rows), "utf-8")
    found = texts(found_in(tmp_path / "x.csv", record_bytes=400))
    assert found == ["a", "record-too-large", "c", "record-too-large", *"e" * 300]


def test_reading_again_has_an_end() -> None:
    open_lines = 'x","\n' * 4000  # each closes a quote and opens one
    with pytest.raises(BrokenError, match="never closed"):
        rows_of(f"a,b\n{open_lines}", record_bytes=1000)
    in_turns = "".join(f'{open_lines[:2000]}"\n1,2\n' for _ in range(30))
    with pytest.raises(BrokenError, match="never closed"):
        rows_of(f"a,b\n{in_turns}", record_bytes=1000, free_bytes=20_000)


def test_a_row_has_a_bound_of_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_LINES", 5)
    found = rows_of('a,b\n1,"x\n\n\n\n\n\ny"\n2,z\n')
    assert isinstance(found[1], Damage)
    assert (found[1].place, found[1].reason) == ("row 1", "record-too-large")


def test_broken_rows_end_a_file_that_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,text\n" + "1,2,3\n" * 50, "utf-8")
    found = texts(found_in(tmp_path / "x.csv", broken_run=20))
    assert found == ["wrong-fields"] * 20 + ["not-a-table"]


def test_bytes_that_do_not_fit_cost_themselves(tmp_path: Path) -> None:
    rows = [f"{i};Grüße von der Fähre, so früh es geht".encode() for i in range(9000)]
    (tmp_path / "x.csv").write_bytes(b"id;text\n" + b"\n".join([*rows, b"9;gr\xfc\xdfe", b"10;ok"]))
    found = texts(found_in(tmp_path / "x.csv"))
    assert found[8999:] == ["Grüße von der Fähre, so früh es geht", "gr\ufffd\ufffde", "ok"]


def test_columns_are_listed_where_none_is_the_text(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_bytes(b"How many eggs?\t18\nHow many hens?\t3\n")
    (found,) = found_in(tmp_path / "x.tsv")
    assert isinstance(found, Damage)
    assert (found.place, found.reason) == ("the start", "field-missing")
    assert "How many eggs?, 18. Name the text field with --text_field" in found.detail
    assert "write the columns' names above it" in found.detail


def test_an_empty_field_is_no_text_and_a_table_of_names_only_has_no_row(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"id,text\n1,\n")
    assert texts(found_in(tmp_path / "x.csv")) == [""]
    (tmp_path / "y.csv").write_bytes(b"id,text\n")
    assert found_in(tmp_path / "y.csv") == []
