"""By what a takedown may name a record, and what it says of names that mean several things or nothing."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED
from persona_hub.pipelines.main import main
from persona_hub.pipelines.takedown import say_several
from persona_hub.transforms.corpus.corpus_records import TextRecord
from persona_hub.transforms.corpus.documents import DocumentFilter, document_of
from persona_hub.transforms.corpus.names import is_row_named
from persona_hub.transforms.hub.table_files import write_shard
from persona_hub.transforms.hub.versions import open_hub
from persona_hub.transforms.records import Document, DocumentOutcome, content_id
from persona_hub.transforms.take_down.naming import FoundNames, find_names
from persona_hub.transforms.wire.batches import Batch
from tests.helpers.hubs import personas
from tests.material.sources import FLAGS, TEXTS, A, B, C, sources


def row(source: str, file: str, text: str = "") -> DocumentOutcome:
    return DocumentOutcome(content_id(text or source + file), source, file, "line 1", "document", "en", 9)


def table(folder: Path, *rows: DocumentOutcome) -> list[str]:
    """A hub's table of documents."""
    entry = write_shard(str(folder), "hub/0001-aa", "documents-0", DocumentOutcome, "avro", [Batch(rows)])
    return [str(folder / entry.path)]


@pytest.mark.parametrize(
    ("name", "is_its"),
    [
        ("a.zip", True),
        ("a.zip!b.tar", True),
        ("a.zip!b.tar!c.csv", True),
        ("a.zip!b", False),
        ("a", False),
        ("a.zip!b.tar!c.csv#0", True),
        ("a.zip!b.tar!c.csv#1", False),
        ("other.csv#0", False),
        ("0", True),
    ],
)
def test_a_record_is_named_by_its_file_the_archives_around_it_or_file_and_id(name: str, is_its: bool) -> None:
    one = row("0", "a.zip!b.tar!c.csv")
    assert is_row_named(one, {name}) == is_its
    text = "A choir in Tartu rehearses Baltic folk songs on Tuesdays, and its conductor writes arrangements."
    found = TextRecord("row 1", "0", text, member="b.tar!c.csv")
    read = document_of(found, "a.zip", DocumentFilter(frozenset(), 40, 6_000, frozenset({name})))
    assert isinstance(read, DocumentOutcome if is_its else Document), "a refresh skips it"


def test_a_record_without_an_id_is_one_of_its_file_and_none_of_a_member_elsewhere(tmp_path: Path) -> None:
    paths = table(tmp_path, row("a.zip!b.txt, line 1", "a.zip!b.txt"), row("a.zip!c.txt, line 1", "a.zip!c.txt"))
    assert find_names(paths, {"a.zip, line 1"}).strange == {"a.zip, line 1"}
    assert find_names(paths, {"a.zip!c.txt, line 1"}).found == {"a.zip!c.txt, line 1"}


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ("./corpus/a.csv", "corpus/a.csv"),
        ("corpus//b/../a.csv", "corpus/a.csv"),
        ("corpus/a.csv", "./corpus/a.csv"),
        ("./corpus/a.csv#0", "corpus/a.csv"),
        ("corpus/a.csv", os.path.abspath("corpus/a.csv")),
    ],
)
def test_a_path_may_be_written_in_another_way(tmp_path: Path, given: str, held: str) -> None:
    one = row("0", held)
    found = find_names(table(tmp_path, one), {given})
    assert not found.strange
    assert is_row_named(one, found.found), "these names go into the hub, and rows are compared with them"


def test_a_path_from_the_root_is_not_taken_for_one_of_an_unknown_working_folder_but_that_is_told(
    tmp_path: Path,
) -> None:
    found = find_names(table(tmp_path, row("0", "corpus/a.csv"), row("https://a.org/1", "b.csv")), {"/x/corpus/a.csv"})
    assert found.strange == {"/x/corpus/a.csv"}
    assert found.like("/x/corpus/a.csv") == ["corpus/a.csv"]
    assert found.like("https://a.org/1/") == ["https://a.org/1"]
    assert found.like("https://elsewhere.net") == []


def test_an_id_of_several_files_is_noticed_and_a_page_of_several_is_one_source(tmp_path: Path) -> None:
    page = "https://a.org/1"
    rows = [row(name, file) for name in ("0", "1", page) for file in ("a.csv", "b.csv")]
    found = find_names(table(tmp_path, *rows), {"0", page, "a.csv#1"})
    assert found.files == {"0": ["a.csv", "b.csv"]}
    assert not find_names(table(tmp_path, *rows), {"0"}, gone={"b.csv#0"}).files, "one is left"


def test_an_id_of_several_files_is_told_with_the_name_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    say_several(FoundNames(files={"0": ["a.csv", "b.csv"]}))
    said = capsys.readouterr().out
    assert said == "note          0 is in 2 files (a.csv, b.csv) and stands for all of them; one alone is a.csv#0\n"


def test_members_ids_and_odd_names_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A zip file, a file with the same id, and a file whose name is not UTF-8, taken down one after another."""
    hub, odd = tmp_path / "hub", tmp_path / os.fsdecode(b"caf\xe9.jsonl")
    with zipfile.ZipFile(tmp_path / "corpus.zip", "w") as archive:
        archive.writestr("a.jsonl", orjson.dumps({"text": TEXTS[A], "id": 0}))
    (tmp_path / "b.jsonl").write_bytes(orjson.dumps({"text": TEXTS[B], "id": 0}))
    odd.write_bytes(orjson.dumps({"text": TEXTS[C]}))
    inputs = [flag for name in ("corpus.zip", "b.jsonl", odd.name) for flag in ("--input", str(tmp_path / name))]
    assert main(["build", *inputs, "--output", str(hub), *FLAGS]) == DONE
    left = {"0", rf"{tmp_path}/caf\xe9.jsonl, line 1"}
    assert sources(hub) == left
    capsys.readouterr()
    command = ["takedown", "--hub", str(hub)]
    assert main([*command, "--source", "/elsewhere/corpus.zip"]) == FAILED
    assert f"The hub has {tmp_path}/corpus.zip. " in capsys.readouterr().err
    assert main([*command, "--source", str(tmp_path / "corpus.zip")]) == DONE
    assert "1 document and 2 personas gone" in capsys.readouterr().out
    assert {one.document_id for one in personas(hub) if one.source == "0"} == {content_id(TEXTS[B])}
    names = tmp_path / "names.txt"
    names.write_text(rf"{tmp_path}/caf\xe9.jsonl" + "\n")
    assert main([*command, "--source_file", str(names)]) == DONE
    assert sources(hub) == {"0"}
    capsys.readouterr()
    assert main([*command, "--source", str(odd), "--source", str(tmp_path / "corpus.zip")]) == DONE
    assert "is without these sources already" in capsys.readouterr().out
    assert rf"{tmp_path}/caf\xe9.jsonl" in open_hub(str(hub)).tombstones().unwanted
