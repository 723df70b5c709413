"""A source that is taken down: who goes, who stays, who comes back, and what no refresh reads again."""

from __future__ import annotations

import shutil
from io import BytesIO, TextIOWrapper
from pathlib import Path

import orjson
import pytest

from persona_hub.pipelines.cli.exit_status import DONE, FAILED, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import list_versions, open_hub
from persona_hub.transforms.records import DocumentOutcome, Duplicate, Provenance
from tests.helpers.hubs import personas
from tests.material.growing import by_id, refresh
from tests.material.sources import FLAGS, TEXTS, A, B, C, build, sources, take_down, write


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub of three documents, to be copied."""
    return build(tmp_path_factory.mktemp("three"), *TEXTS.items())


@pytest.fixture(scope="module")
def taken(three: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub of three documents, of which A was taken down."""
    hub = Path(shutil.copytree(three, tmp_path_factory.mktemp("taken") / "hub"))
    take_down(hub, A)
    return hub


def test_what_came_of_the_source_is_gone_and_the_rest_is_as_it_was(taken: Path) -> None:
    before, after = (open_hub(str(taken), version.version) for version in list_versions(str(taken)))
    was, now = (by_id(read_table(hub, "personas", type(personas(taken)[0]))) for hub in (before, after))
    assert {persona.source for persona in was.values()} == {A, B, C}
    assert now == {key: persona for key, persona in was.items() if persona.source != A}
    assert after.manifest.records_of("personas") == len(now)
    assert {entry for entry in before.manifest.files if entry.kind != "clusters"} < set(after.manifest.files)
    for row in read_table(after, "provenance", Provenance):
        assert row.source != A


def test_diff_tells_who_went(taken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    [first, second] = [version.version for version in list_versions(str(taken))]
    assert main(["diff", "--hub", str(taken), "--since", first, "--version", second]) == DONE
    said = capsys.readouterr().out
    assert "+0 personas" in said
    assert "-2 personas" in said
    assert f"parameter source: - -> ['{A}']" in said


def test_samples_made_from_those_gone_are_listed(taken: Path) -> None:
    [listed] = (taken / "takedowns").glob("*/samples.jsonl")
    rows = [orjson.loads(line) for line in listed.read_bytes().splitlines()]
    first = open_hub(str(taken), list_versions(str(taken))[0].version)
    gone = {row.persona_id for row in read_table(first, "personas", type(personas(taken)[0])) if row.source == A}
    assert {row["persona_id"] for row in rows} == gone
    assert {row["use_case"] for row in rows} == {"math"}


def test_no_refresh_reads_it_again_at_whatever_address(taken: Path, tmp_path: Path) -> None:
    mirror = "https://mirror.org/a"
    more = write(tmp_path / "more.jsonl", (A, TEXTS[A] + " It was built long ago."), (mirror, TEXTS[A]), (B, TEXTS[B]))
    before = by_id(personas(taken))
    refresh(taken, more)
    assert by_id(personas(taken)) == before
    fresh = "Harbour pilots in Accra board tankers at dawn and radio the tide tables to the tugs that wait inside."
    for n in range(2):
        rows = [(A, TEXTS[A] + f" Edition {n}."), (mirror, TEXTS[A]), (f"https://d.org/{n}", f"{fresh} Part {n}.")]
        refresh(taken, write(tmp_path / f"more-{n}.jsonl", *rows))
        assert not {A, mirror} & sources(taken)
        assert f"https://d.org/{n}" in sources(taken)
        assert open_hub(str(taken)).manifest.records_of("personas") == len(personas(taken)), "none of those gone counts"
    skipped = [row for row in read_table(open_hub(str(taken)), "documents", DocumentOutcome) if "taken" in row.outcome]
    assert {row.outcome for row in skipped} == {"skipped-taken-down"}
    assert {row.source for row in skipped} == {A, mirror}


def test_the_same_takedown_again_has_nothing_to_do(taken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    versions = len(list_versions(str(taken)))
    take_down(taken, A)
    assert "nothing is to be done" in capsys.readouterr().out
    assert len(list_versions(str(taken))) == versions
    assert main(["takedown", "--hub", str(taken)]) == WRONG_COMMAND


def test_a_source_that_no_document_has_is_told_and_makes_no_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = build(tmp_path, (A, TEXTS[A]), (B, TEXTS[B]))
    for flags in ([], ["--purge"]):
        assert main(["takedown", "--hub", str(hub), "--source", "https://elsewhere.org", *flags]) == FAILED
        said = capsys.readouterr().err
        assert "no document has https://elsewhere.org; nothing is taken down, and no version is made" in said
        assert len(list_versions(str(hub))) == 1
    take_down(hub, A, "https://elsewhere.org")
    said = capsys.readouterr().out
    assert "no document   of 1 source, as https://elsewhere.org; later refreshes will skip them" in said
    assert "https://elsewhere.org" in open_hub(str(hub)).tombstones().unwanted
    assert main(["takedown", "--hub", str(hub), "--source", A, "--source", "https://nowhere.org"]) == DONE
    said = capsys.readouterr().out
    assert "is without these sources already" in said
    assert "no document   of 1 source, as https://nowhere.org\n" in said
    assert len(list_versions(str(hub))) == 2


def test_a_list_that_a_killed_takedown_has_not_written_is_made_good_by_the_same_command(
    three: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = Path(shutil.copytree(three, tmp_path / "hub"))
    take_down(hub, A)
    [listed] = (hub / "takedowns").glob("*/samples.jsonl")
    before = listed.read_bytes()
    take_down(hub, B)
    listed.unlink()  # as if it had been killed when CURRENT had moved
    capsys.readouterr()
    take_down(hub, A)
    assert f"samples       {listed}" in capsys.readouterr().out
    assert listed.read_bytes() == before
    assert len(list((hub / "takedowns").glob("*/samples.jsonl"))) == 2
    assert len(list_versions(str(hub))) == 3


def test_samples_of_those_gone_are_not_exported_though_files_still_hold_them(taken: Path, tmp_path: Path) -> None:
    assert main(["export", "--hub", str(taken), "--output", str(tmp_path), "--format", "jsonl,parquet"]) == DONE
    first = open_hub(str(taken), list_versions(str(taken))[0].version)
    gone = {row.text for row in read_table(first, "personas", type(personas(taken)[0])) if row.source == A}
    assert len(gone) == 2
    shown = {orjson.loads(line)["input persona"] for line in (tmp_path / "math.jsonl").open("rb")}
    assert shown
    assert shown <= {persona.text for persona in personas(taken)}
    for file in tmp_path.iterdir():
        assert not [text for text in gone if text.encode() in file.read_bytes()]


def test_a_whole_file_is_taken_down_by_its_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub, one, two = tmp_path / "hub", tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    one.write_bytes(b"\n".join(orjson.dumps({"text": TEXTS[name]}) for name in (A, B)))
    write(two, (C, TEXTS[C]), ("https://mirror.org/a", TEXTS[A]))
    assert main(["build", "--input", f"{one},{two}", "--output", str(hub), *FLAGS]) == DONE
    capsys.readouterr()
    assert main(["versions", "--hub", str(hub), "--sources"]) == DONE
    listed = capsys.readouterr().out.splitlines()
    assert listed == sorted([f"{one}, line 1", f"{one}, line 2", C, "https://mirror.org/a"])
    take_down(hub, str(one))
    assert "1 document and" in capsys.readouterr().out, "the other one is in the second file, too"
    again = tmp_path / "more.jsonl"
    again.write_bytes(one.read_bytes())
    before = by_id(personas(hub))
    one.write_bytes(orjson.dumps({"text": "Harbour pilots in Accra board tankers at dawn and radio the tide tables."}))
    refresh(hub, one)
    assert by_id(personas(hub)) == before, "whatever the file holds by now"
    assert main(["versions", "--hub", str(hub), "--sources"]) == DONE
    assert capsys.readouterr().out.splitlines()[-2:] == [C, "https://mirror.org/a"]
    assert main(["takedown", "--hub", str(hub), "--source", str(two), "--purge"]) == DONE
    assert personas(hub) == []


def test_sources_are_read_from_a_file_or_standard_input(
    three: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Path(shutil.copytree(three, tmp_path / "hub"))
    names = tmp_path / "names.txt"
    names.write_bytes(b"\xef\xbb\xbf" + f"{A}\r\n\n  https://elsewhere.org/é  \n".encode())
    command = ["takedown", "--hub", str(hub), "--source_file"]
    assert main([*command, str(names)]) == DONE
    assert sources(hub) == {B, C}
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(f"{B}\n{A}".encode())))
    assert main([*command, "-", "--source", C]) == DONE
    assert personas(hub) == []
    capsys.readouterr()
    for data, told in (
        (b"\n \n", "names no source; put one on each line"),
        (b"a\nb\xff", "line 2: no UTF-8; save the file as UTF-8"),
        (b"a\n" + b"b" * 3000, "line 2: 3,000 characters, and no address in a hub has more than 2,048"),
    ):
        names.write_bytes(data)
        assert main([*command, str(names)]) == WRONG_COMMAND
        assert f"--source_file {names}" in (said := capsys.readouterr().err)
        assert told in said
    assert main([*command, str(tmp_path / "none")]) == WRONG_COMMAND
    assert "No such file or directory; name a file with an address on each line" in capsys.readouterr().err
    assert main(["takedown", "--hub", str(hub)]) == WRONG_COMMAND
    assert (
        "--source is required: an address, a file or the id of a document; or --source_file" in capsys.readouterr().err
    )


def test_of_many_sources_the_manifest_has_the_number_and_the_table_all(three: Path, tmp_path: Path) -> None:
    hub = Path(shutil.copytree(three, tmp_path / "hub"))
    names = tmp_path / "names.txt"
    names.write_text("\n".join([A, *(f"https://elsewhere.org/{n}" for n in range(200))]))
    assert main(["takedown", "--hub", str(hub), "--source_file", str(names)]) == DONE
    opened = open_hub(str(hub))
    assert opened.manifest.parameters["sources"] == 201
    assert "source" not in opened.manifest.parameters
    assert len(opened.tombstones().unwanted) == 202


def test_a_persona_that_another_document_supports_stays_and_is_its_from_now_on(tmp_path: Path) -> None:
    # The offline model is asked about both documents in one way, and gives one persona for both.
    hub = build(tmp_path, (A, TEXTS[A]), (B, TEXTS[A] + " "), (C, TEXTS[C]))
    assert sources(hub) == {A, C}, "A and B have one text"
    take_down(hub, A)
    assert sources(hub) == {A, C}, "B still stands for the document"
    take_down(hub, B)
    assert sources(hub) == {C}


def test_a_text_that_a_refresh_meets_at_another_address_stays_by_that(tmp_path: Path) -> None:
    hub = build(tmp_path, (A, TEXTS[A]), (C, TEXTS[C]))
    mirrors = [("https://mirror.org/a", TEXTS[A]), ("https://mirror.org/a", TEXTS[A]), (A, TEXTS[A])]
    refresh(hub, write(tmp_path / "mirror.jsonl", *mirrors))
    assert len(list_versions(str(hub))) == 2
    manifest = open_hub(str(hub)).manifest
    counts = manifest.counts["read_corpus"]
    assert (counts["known-elsewhere"], counts["known"], counts.get("document", 0)) == (1, 2, 0)
    assert manifest.counts.get("extract_persona", {}).get("asked", 0) == 0
    refresh(hub, write(tmp_path / "again.jsonl", *mirrors))
    assert len(list_versions(str(hub))) == 2, "every address is noted by now"
    before = by_id(personas(hub))
    take_down(hub, A)
    assert by_id(personas(hub)) == before
    take_down(hub, "https://mirror.org/a")
    assert sources(hub) == {C}


def test_another_copy_of_a_file_is_no_other_address(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text(TEXTS[A])
    hub = tmp_path / "hub"
    assert main(["build", "--input", str(tmp_path / "one.txt"), "--output", str(hub), *FLAGS]) == DONE
    refresh(hub, tmp_path / "two.txt")
    assert len(list_versions(str(hub))) == 1


def test_a_near_duplicate_comes_back_when_the_kept_one_goes(tmp_path: Path) -> None:
    flags = ["--expand_hops", "0", "--minhash_threshold", "0.5", "--embedding_threshold", "0.6"]
    texts = [
        (f"https://{host}.org", TEXTS[C].replace("Leeds", city)) for host, city in zip("abcdef", CITIES, strict=True)
    ]
    hub = build(tmp_path, *texts, flags=flags)
    dropped = list(read_table(open_hub(str(hub)), "duplicates", Duplicate))
    assert dropped, "the corpus must have near-duplicates"
    keeper = next(p for p in personas(hub) if any(gone.duplicate_of == p.persona_id for gone in dropped))
    freed = {gone.persona_id for gone in dropped if gone.duplicate_of == keeper.persona_id}
    others = by_id(personas(hub)).keys() - {keeper.persona_id}
    take_down(hub, keeper.source)
    now = by_id(personas(hub))
    back = now.keys() - others
    assert back
    assert back <= freed
    left = {gone.persona_id: gone for gone in read_table(open_hub(str(hub)), "duplicates", Duplicate)}
    assert not left.keys() & now.keys()
    assert freed - back <= left.keys()
    assert all(gone.duplicate_of in now for gone in left.values())


CITIES = ["Leeds", "Graz", "Quito", "Osaka", "Accra", "Lima"]


def test_a_row_of_several_addresses_is_found_by_any_of_them(tmp_path: Path) -> None:
    rows = [{"text": TEXTS[A], "url": [A, "https://mirror.org/a"]}, {"text": TEXTS[C], "url": C}]
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    assert main(["build", "--input", str(corpus), "--output", str(tmp_path / "hub"), *FLAGS]) == DONE
    assert sources(tmp_path / "hub") == {f"{A}\nhttps://mirror.org/a", C}
    take_down(tmp_path / "hub", "https://mirror.org/a")
    assert sources(tmp_path / "hub") == {C}
