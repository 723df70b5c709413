"""A purge: a word that was planted in a source's text is found nowhere any more, and readers read on."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.current import PublishConflict
from persona_hub.transforms.hub.manifest import content_of, version_name
from persona_hub.transforms.hub.publishing import publish
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import list_runs, list_versions, open_hub
from persona_hub.transforms.records import DeadLetter, Persona
from persona_hub.transforms.store.registry import open_store
from tests.helpers.hubs import dead_letters, personas, samples
from tests.helpers.purging import FLAGS, IDLE, check_whole, letters, purge, versions_of
from tests.material.growing import by_id, refresh
from tests.material.planted import PLANTED, WORD, found_in, holds, pieces_of, unpacked
from tests.material.sources import TEXTS, A, B, C, build, sources, take_down, write


@pytest.fixture(params=["sqlite", "redis", "bigtable"])
def store(request: pytest.FixtureRequest) -> str:
    """Each kind of store."""
    return str(request.param)


@pytest.fixture
def lived(tmp_path: Path, store_address: str) -> Path:
    """A hub of a long life: a build, a refresh, one that was rolled back, samples, exports, failed attempts."""
    flags = [*FLAGS, "--response_store", store_address]
    hub = build(tmp_path, (A, PLANTED[A]), (B, TEXTS[B]), flags=flags)
    kept = next(persona for persona in personas(hub) if persona.source == A)
    asked = ["--response_store", store_address]
    again = "https://a.org/again"
    refresh(
        hub, write(tmp_path / "rolled.jsonl", (again, f"{PLANTED[A]} Twice {WORD}.")), flags=[*asked, "--use_case=none"]
    )
    assert main(["rollback", "--hub", str(hub)]) == DONE
    refresh(hub, write(tmp_path / "c.jsonl", (C, TEXTS[C])), flags=asked)
    more = ["synthesize", "--hub", str(hub), "--output", str(hub), "--use_case", "instruction", *asked]
    assert main(more) == DONE
    for form, format in (("", "jsonl,parquet"), ("chat", "jsonl"), ("released", "parquet")):
        assert main(["export", "--hub", str(hub), "--format", format, *(["--form", form] if form else [])]) == DONE
    first = list_versions(str(hub))[0]
    letters(
        hub,
        "failed",
        DeadLetter("expand_persona", "malformed", kept.persona_id, "no JSON", f"the {WORD} is"),
        DeadLetter("extract_persona", "malformed", kept.document_id, f"{WORD}?", ""),
        DeadLetter("filter_persona", "refusal", "0" * 32, f"of {A}", f"I know no {WORD}"),
        DeadLetter("read_corpus", "not-json", "c.jsonl", "c.jsonl, line 7", f'{{"url": "{A}", "text": "{WORD}'),
        DeadLetter("read_corpus", "not-json", "c.jsonl", "c.jsonl, line 8", '{"url": "https://a.org/12", "text": "x'),
        DeadLetter("filter_persona", "refusal", "1" * 32, f"of {B}", "I know no choir"),
    )
    [persona_file] = (hub / first.folder).glob("personas-*")
    for path in ("hub/0009-dead/personas-0-of-1-ab.avro", "hub/0001-dead/_part-x", "samples/math/dead/_part-y"):
        (hub / path).parent.mkdir(exist_ok=True)
        (hub / path).write_bytes(persona_file.read_bytes() + WORD.encode())
    return hub


def test_a_planted_word_is_found_nowhere_after_a_purge(
    lived: Path, store_address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {
        version.manifest.version: by_id(read_table(version, "personas", Persona)) for version in versions_of(lived)
    }
    assert len(before) == 3
    kinds = {name.split("/")[0] for name in found_in(lived)} - {"responses.sqlite"}
    assert kinds == {"hub", "samples", "dead_letters", "export"}
    assert any(holds(piece, WORD) for piece in stored(store_address, tmp_path))
    again = "https://a.org/again"
    assert purge(lived, A, again) == DONE, capsys.readouterr().out
    said = capsys.readouterr().out
    assert f"purge         {A}, {again}: 2 documents, " in said
    left = open_hub(str(lived)).manifest
    [hub_line] = [line for line in said.splitlines() if line.startswith("hub ")]
    assert hub_line == f"hub           {lived}/{left.folder}  ({left.records_of('personas'):,} personas left)"
    assert found_in(lived) == []
    assert not any(holds(piece, WORD) for piece in stored(store_address, tmp_path))
    check_whole(lived)
    for version in versions_of(lived)[:3]:
        was, now = before[version.manifest.version], by_id(read_table(version, "personas", Persona))
        assert now == {key: persona for key, persona in was.items() if persona.source not in (A, again)}
        assert len(now) < len(was) or version.manifest.version == versions_of(lived)[2].manifest.version
    assert {row["detail"] for row in dead_letters(lived)} >= {"c.jsonl, line 8", f"of {B}"}
    listed = [row for file in lived.glob("takedowns/*/*.jsonl") for row in map(orjson.loads, file.open())]
    gone = {key for was in before.values() for key in was} - by_id(personas(lived)).keys()
    first = before[list_versions(str(lived))[0].version]
    assert {row["persona_id"] for row in listed} == {key for key, one in first.items() if one.source == A}
    assert {row["use_case"] for row in listed} == {"math", "tool", "instruction"}
    assert f"2 documents, {len(gone)} personas" in said
    assert f"answers in {store_address}" in said
    assert "out of reach" in said
    assert ("replicas" in said, "Bigtable" in said) == (store_address[:5] == "redis", store_address[:8] == "bigtable")


def stored(address: str, folder: Path) -> Iterator[bytes]:
    """All answers that a store holds, and the bytes of Redis's files."""
    if address.startswith("sqlite:"):
        yield from (piece for file in folder.glob("responses.sqlite*") for piece in pieces_of(file))
    elif address.startswith("redis:"):
        connect: Any = redis.Redis.from_url
        with connect(address) as client:
            for key in client.scan_iter(match="persona-hub:1:answer:*"):
                yield unpacked(client.get(key))
        yield from (file.read_bytes() for file in (folder / "redis").rglob("*") if file.is_file())
    else:
        store: Any = open_store(address)
        for row, cells in store.rows.scan(b"a/").items():
            yield row + b"".join(unpacked(cell.value) for name, cell in cells.items() if name == b"v")


@pytest.fixture(scope="module")
def hub_of_three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub of three documents with samples, dead letters and a store of its own; nothing is taken down."""
    folder = tmp_path_factory.mktemp("three")
    address = f"sqlite:{folder / 'hub' / 'responses.sqlite'}"
    return build(folder, *PLANTED.items(), flags=[*FLAGS, "--response_store", address])


@pytest.fixture
def planted(hub_of_three: Path, tmp_path: Path) -> Path:
    """A copy of it, with the copy's store in its manifests."""
    hub = Path(shutil.copytree(hub_of_three, tmp_path / "hub"))
    for manifest in hub.rglob("manifest.json"):
        manifest.write_text(manifest.read_text().replace(str(hub_of_three), str(hub)))
    return hub


def test_a_purged_source_never_comes_back_over_three_refreshes(planted: Path, tmp_path: Path) -> None:
    assert purge(planted, A) == DONE
    before = by_id(personas(planted))
    fresh = "Harbour pilots in Accra board tankers at dawn and radio the tide tables to the tugs that wait inside."
    for n in range(3):
        rows = [
            (A, f"{PLANTED[A]} Edition {n}."),
            ("https://mirror.org/a", PLANTED[A]),
            (f"https://d.org/{n}", fresh * n),
        ]
        refresh(planted, write(tmp_path / f"more-{n}.jsonl", *rows))
        assert not {A, "https://mirror.org/a"} & sources(planted)
    assert before.items() < by_id(personas(planted)).items()
    assert found_in(planted) == []
    check_whole(planted)


def test_what_was_taken_down_before_can_be_purged_alone(planted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take_down(planted, A)
    take_down(planted, B)
    assert found_in(planted)
    capsys.readouterr()
    assert purge(planted, A) == DONE
    assert "is without these sources already" in capsys.readouterr().out
    assert found_in(planted) == []
    check_whole(planted)
    first = versions_of(planted)[0]
    assert {row.source for row in read_table(first, "personas", Persona)} == {B, C}, "B was taken down, not purged"
    assert {persona.source for persona in personas(planted)} == {C}
    names = [manifest.version for manifest in list_versions(str(planted))]
    assert purge(planted, A) == DONE
    assert [manifest.version for manifest in list_versions(str(planted))] == names, "nothing is left to be done"


def test_a_purge_after_a_compaction_and_a_gc_still_knows_whom_it_means(planted: Path) -> None:
    take_down(planted, A)
    assert main(["compact", "--hub", str(planted)]) == DONE
    assert main(["gc", "--hub", str(planted), "--keep", "1", *IDLE]) == DONE
    assert {name.split("/")[0] for name in found_in(planted)} == {"samples", "responses.sqlite"}
    assert purge(planted, A) == DONE
    assert found_in(planted) == []
    assert {row["persona_id"] for row in samples(planted, "math")} == by_id(personas(planted)).keys()
    check_whole(planted)


def test_answers_that_name_nobody_are_told_by_their_content_and_the_rest_is_owned_up_to(
    planted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = planted / "responses.sqlite"
    with closing(sqlite3.connect(store)) as db:
        db.execute("UPDATE answer SET subject = NULL")  # as an earlier release stored them
        db.commit()
        answers = db.execute("SELECT count(*) FROM answer").fetchone()[0]
    capsys.readouterr()
    assert purge(planted, A) == BUDGET_SPENT
    said = capsys.readouterr().out
    assert f"erased        6 answers in sqlite:{store}" in said  # of three personas and three samples
    assert f"not erased yet: {answers - 6:,} answers in sqlite:{store} may hold some of it" in said
    assert "delete the store to be sure" in said
    store.unlink()
    assert purge(planted, A) == DONE
    assert f"no store      sqlite:{store}" in capsys.readouterr().out


def test_a_store_that_cannot_be_asked_is_owned_up_to(planted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (planted / "responses.sqlite").write_bytes(b"no database" * 100)
    assert purge(planted, A) == BUDGET_SPENT
    assert "not erased yet: sqlite:" in capsys.readouterr().out
    assert (
        main(["takedown", "--hub", str(planted), "--source", A, "--purge", "--response_store", "x:y"]) == WRONG_COMMAND
    )


def test_files_that_a_job_may_be_writing_stay_and_are_told(planted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert purge(planted, A) == DONE
    for path in ("hub/0009-dead/personas-0-of-1-ab.avro", "samples/math/running/_part-y"):
        (planted / path).parent.mkdir()
        (planted / path).write_bytes(WORD.encode())
    assert purge(planted, A, flags=[]) == BUDGET_SPENT
    assert "not erased yet: 2 files that no manifest names may belong to a job that runs" in capsys.readouterr().out
    assert purge(planted, A) == DONE
    assert found_in(planted) == []


def test_a_job_that_set_out_before_a_purge_is_refused(planted: Path) -> None:
    take_down(planted, A)
    before = open_hub(str(planted)).manifest
    draft = replace(before, version=version_name(before.version, "f" * 8), parent=before.version, base=before.version)
    assert purge(planted, A) == DONE
    with pytest.raises(PublishConflict, match="another run published meanwhile"):
        publish(str(planted), draft, [], {})
    check_whole(planted)
    assert found_in(planted) == []


def test_samples_of_a_version_that_was_purged_under_them_are_refused(planted: Path) -> None:
    before = open_hub(str(planted)).manifest
    asked = ["synthesize", "--hub", str(planted), "--output", str(planted), "--use_case", "instruction"]
    assert main(asked) == DONE
    [draft] = [run for use_case, run in list_runs(str(planted)) if use_case == "instruction"]
    assert (draft.hub_version, draft.hub_content) == (before.version, content_of(before))
    assert purge(planted, A) == DONE
    with pytest.raises(PublishConflict, match="purged while this run read it"):
        publish(str(planted), draft, [], {})
    after = open_hub(str(planted), before.version).manifest
    publish(str(planted), replace(draft, hub_content=content_of(after)), [], {})


def test_a_purge_that_finds_another_version_published_is_refused(
    planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_down(planted, A)
    here = open_hub(str(planted)).manifest.version

    def elsewhere(_: str) -> str:
        return "0007-deadbeef"

    with monkeypatch.context() as patched:
        patched.setattr("persona_hub.transforms.purge.versions.read_current", elsewhere)
        assert purge(planted, A) == WRONG_COMMAND
    assert open_hub(str(planted)).manifest.version == here
    check_whole(planted)
    assert purge(planted, A) == DONE
    assert found_in(planted) == []


def test_a_hub_of_which_everything_was_purged_lives_on(planted: Path, tmp_path: Path) -> None:
    assert purge(planted, A, B, C) == DONE
    assert personas(planted) == []
    assert samples(planted, "math") == []
    check_whole(planted)
    assert main(["diff", "--hub", str(planted)]) == DONE
    assert main(["export", "--hub", str(planted), "--format", "jsonl,parquet"]) == DONE
    fresh = "Harbour pilots in Accra board tankers at dawn and radio the tide tables to the tugs that wait inside."
    refresh(planted, write(tmp_path / "more.jsonl", ("https://d.org", fresh), (A, PLANTED[A])))
    assert sources(planted) == {"https://d.org"}
    assert main(["compact", "--hub", str(planted)]) == DONE
    assert sources(planted) == {"https://d.org"}
    assert main(["gc", "--hub", str(planted), "--keep", "1", *IDLE]) == DONE
    assert found_in(planted) == []
    check_whole(planted)
