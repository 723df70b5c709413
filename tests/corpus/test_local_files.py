"""Links are followed, circles end, what is no file is named, and any name is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from persona_hub.transforms.corpus.corpus_records import CorpusError
from persona_hub.transforms.corpus.files import match_corpus
from persona_hub.transforms.corpus.local_files import LocalFile, local_files
from tests.corpus.collect import read

TEXT = "The lock keeper writes down the height of the water at noon, and again when the gates are shut."


def row(text: str) -> bytes:
    return b'{"text": "%s"}\n' % text.encode()


def names(pattern: Path | str) -> list[str]:
    return [os.path.basename(file.path) for file in local_files(str(pattern))]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    corpus = tmp_path / "corpus"
    for name in ("a.jsonl", "deep/b.jsonl"):
        (corpus / name).parent.mkdir(parents=True, exist_ok=True)
        (corpus / name).write_bytes(row(f"{TEXT} {name}"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "c.jsonl").write_bytes(row(f"{TEXT} c"))
    (corpus / "a-link").symlink_to("../elsewhere")
    (corpus / "deep" / "round").symlink_to("..")
    (corpus / "again").symlink_to("deep")
    return corpus


def test_links_to_folders_are_followed_and_circles_end(tree: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert sorted(names(tree)) == ["a.jsonl", "b.jsonl", "c.jsonl"]
    assert "deep/round links to a folder that is read already" in caplog.text
    assert sorted(names(f"{tree}/**.jsonl")) == ["a.jsonl", "b.jsonl", "c.jsonl"]
    assert names(f"{tree}/*/c.jsonl") == ["c.jsonl"]
    assert names(f"{tree}/aga*/b.jsonl") == ["b.jsonl"]  # by its link, since that is what was asked for
    assert names(f"{tree}/deep/round/deep/round/*.jsonl") == ["a.jsonl"]
    real = {file.path for file in local_files(str(tree)) if file.path.endswith("b.jsonl")}
    assert real == {f"{tree}/deep/b.jsonl"}  # the address without a link


def test_globs_of_the_working_folder(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert [file.path for file in local_files("*.jsonl")] == ["a.jsonl"]
    assert [file.path for file in local_files("./*.jsonl")] == ["./a.jsonl"]
    assert [file.path for file in local_files("de?p/*.jsonl")] == ["deep/b.jsonl"]


def test_what_is_no_file_is_named_counted_and_never_opened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.jsonl").write_bytes(row(TEXT))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone.jsonl").symlink_to("/nowhere/at/all.jsonl")
    (tmp_path / "self").symlink_to("self")
    got = read(tmp_path)
    assert [document.text for document in got.documents] == [TEXT]
    passed = {(os.path.basename(row.file), row.outcome) for row in got.outcomes if row.outcome != "document"}
    assert passed == {
        ("pipe", "skipped-fifo"),
        ("gone.jsonl", "skipped-broken-link"),
        ("self", "skipped-broken-link"),
    }
    assert "gone.jsonl (a link to nothing)" in caplog.text
    assert "pipe (a FIFO)" in caplog.text
    with pytest.raises(CorpusError, match=r"pipe is a FIFO, which is not read\. Write what it gives to a file"):
        match_corpus([str(tmp_path / "pipe")])


def test_a_name_that_is_not_utf_8_is_read_and_has_a_printable_address(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    Path(os.fsdecode(folder + b"/caf\xe9.jsonl")).write_bytes(row(TEXT))
    (tmp_path / "g\nh.jsonl").write_bytes(row(TEXT + " Twice."))
    for pattern in (str(tmp_path), f"{tmp_path}/*.jsonl"):
        got = read(pattern)
        assert not got.dead_letters
        addresses = {document.source for document in got.documents}
        assert addresses == {rf"{tmp_path}/caf\xe9.jsonl, line 1", rf"{tmp_path}/g\x0ah.jsonl, line 1"}
    # Taken down by that address, it does not come back.
    taken = read(str(tmp_path), unwanted=frozenset({rf"{tmp_path}/caf\xe9.jsonl, line 1"}))
    assert [document.text for document in taken.documents] == [TEXT + " Twice."]
    assert next(local_files(os.fsdecode(folder + b"/caf\xe9.jsonl"))) == LocalFile(
        os.fsdecode(folder + b"/caf\xe9.jsonl"), len(row(TEXT))
    )
