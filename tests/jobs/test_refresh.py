"""A hub that grows: what is read, asked and kept beside what it holds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.clusters import read_clusters
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.versions import list_versions, open_hub
from persona_hub.transforms.records import DocumentOutcome, Duplicate, Member, Vector
from tests.helpers.hubs import personas, samples
from tests.helpers.paid import paying
from tests.material.growing import OFF, build, by_id, corpus, refresh
from tests.servers.models.launch import FakeServer


def test_what_the_hub_holds_stays_and_what_is_new_comes_in(tmp_path: Path) -> None:
    first, second = corpus(tmp_path / "a.jsonl", range(20)), corpus(tmp_path / "b.jsonl", range(15, 30))
    hub = build(tmp_path / "hub", first, flags=OFF)
    before = by_id(personas(hub))
    refresh(hub, second)
    after = by_id(personas(hub))
    assert before.items() <= after.items()
    assert len(after) > len(before)
    [old, new] = list_versions(str(hub))
    assert (new.parent, new.base) == (old.version, old.version)
    assert set(old.files) < set(new.files)
    assert new.counts["read_corpus"]["known"] == 5
    assert new.counts["read_corpus"]["document"] == new.counts["extract_persona"]["asked"] == 10
    read = list(read_table(open_hub(str(hub)), "documents", DocumentOutcome))
    assert sorted(row.source for row in read) == sorted(f"doc-{n}" for n in range(30))
    for gone in read_table(open_hub(str(hub)), "duplicates", Duplicate):
        assert gone.duplicate_of in after
        assert gone.persona_id not in after


def test_a_refresh_with_what_is_known_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub = build(tmp_path / "hub", corpus(tmp_path / "a.jsonl", range(8)), flags=OFF)
    corpus(tmp_path / "same.jsonl", range(8))
    capsys.readouterr()
    refresh(hub, tmp_path / "same.jsonl")
    assert "nothing new" in capsys.readouterr().out
    assert len(list_versions(str(hub))) == 1


def test_the_summary_shows_who_is_new_and_use_cases_are_those_of_the_hub(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = build(tmp_path / "hub", corpus(tmp_path / "a.jsonl", range(8)), flags=[*OFF, "--use_case", "math"])
    before = {persona.text for persona in personas(hub)}
    capsys.readouterr()
    refresh(hub, corpus(tmp_path / "b.jsonl", range(8, 12)))
    said = capsys.readouterr().out
    assert said.startswith("use cases     math, as the hub was built (--use_case none: no samples)\n")
    shown = [line.removeprefix("persona  ") for line in said.splitlines() if line.startswith("persona  ")]
    assert len(shown) == 3
    assert not before & set(shown)
    assert {row["input persona"] for row in samples(hub, "math")} == {persona.text for persona in personas(hub)}
    made = len(personas(hub))
    refresh(hub, corpus(tmp_path / "c.jsonl", range(12, 14)), flags=["--use_case", "none"])
    assert "use cases" not in capsys.readouterr().out
    assert len(samples(hub, "math")) == made < len(personas(hub))


def test_the_same_refresh_again_finds_its_work_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub = build(tmp_path / "hub", corpus(tmp_path / "a.jsonl", range(8)), flags=OFF)
    more = corpus(tmp_path / "b.jsonl", range(8, 12))
    refresh(hub, more)
    capsys.readouterr()
    refresh(hub, more)
    assert "nothing is to be done" in capsys.readouterr().out
    assert len(list_versions(str(hub))) == 2


def test_it_takes_the_hubs_own_parameters_unless_told_otherwise(tmp_path: Path) -> None:
    flags = ["--expand_hops", "2", "--minhash_threshold", "0.8", *OFF]
    hub = build(tmp_path / "hub", corpus(tmp_path / "a.jsonl", range(4)), flags=flags)
    refresh(hub, corpus(tmp_path / "b.jsonl", range(4, 8)), flags=["--expand_hops", "0"])
    used = open_hub(str(hub)).manifest.parameters
    assert (used["minhash_threshold"], used["expand_hops"], used["min_characters"]) == (0.8, 0, 20)


def test_diff_tells_what_a_refresh_was_told_otherwise_and_how_novelty_drifts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = build(tmp_path / "hub", corpus(tmp_path / "a.jsonl", range(4)), flags=OFF)
    refresh(hub, corpus(tmp_path / "b.jsonl", range(4, 8)), flags=["--expand_hops", "0"])
    capsys.readouterr()
    assert main(["diff", "--hub", str(hub)]) == DONE
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("novelty", "parameter"))]
    assert said == [
        "novelty: 2.00 -> 1.00 new personas a document",
        "parameter expand_hops: 1 -> 0",
        f"parameter input: ['{tmp_path}/a.jsonl'] -> ['{tmp_path}/b.jsonl']",
    ]


def test_vectors_of_two_embedders_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub = build(tmp_path / "hub", corpus(tmp_path / "a.jsonl", range(4)))
    more = corpus(tmp_path / "b.jsonl", range(4, 8))
    command = ["refresh", "--hub", str(hub), "--input", str(more), "--embedder", "savedmodel:/m"]
    assert main(command) == WRONG_COMMAND
    assert "the vectors of this hub are of hash" in capsys.readouterr().err


def test_each_persona_is_embedded_once(tmp_path: Path) -> None:
    hub = build(tmp_path / "hub", corpus(tmp_path / "a.jsonl", range(6)), flags=OFF)
    assert open_hub(str(hub)).paths("vectors") == []
    refresh(hub, corpus(tmp_path / "b.jsonl", range(6, 12)), flags=["--embedding_threshold", "0.95"])
    refresh(hub, corpus(tmp_path / "c.jsonl", range(12, 18)))
    vectors = [row.persona_id for row in read_table(open_hub(str(hub)), "vectors", Vector)]
    assert sorted(vectors) == sorted(by_id(personas(hub)))
    members = [row.persona_id for row in read_table(open_hub(str(hub)), "members", Member)]
    assert sorted(members) == sorted(vectors)
    [all_in_one] = read_clusters(open_hub(str(hub)))
    assert all_in_one.size == len(vectors)
    [_, _, last] = list_versions(str(hub))
    assert last.counts["write_hub"]["vectors"] == last.counts["embed_dedup"]["kept"] > 0


def test_a_new_persona_that_means_what_a_held_one_does_is_dropped_for_that(tmp_path: Path) -> None:
    hub = build(tmp_path / "hub", corpus(tmp_path / "a.jsonl", range(12)), flags=["--embedding_threshold", "0.6"])
    held = by_id(personas(hub))
    refresh(hub, corpus(tmp_path / "b.jsonl", range(50, 70)))
    dropped = [row for row in read_table(open_hub(str(hub)), "duplicates", Duplicate) if row.kind == "meaning"]
    assert any(row.duplicate_of in held for row in dropped if row.persona_id not in held)
    assert held.items() <= by_id(personas(hub)).items()


def test_a_document_that_the_budget_left_out_is_asked_about_by_the_next_refresh(
    server: FakeServer, tmp_path: Path
) -> None:
    flags = [*paying(server, tmp_path), *OFF, "--expand_hops", "0", "--min_characters", "20"]
    first, second = corpus(tmp_path / "a.jsonl", range(10)), corpus(tmp_path / "b.jsonl", range(12))
    output = str(tmp_path / "out")
    assert main(["build", "--input", str(first), "--output", output, *flags, "--max_calls", "4"]) == BUDGET_SPENT
    table = read_table(open_hub(output), "documents", DocumentOutcome)
    assert Counter(row.outcome for row in table) == {"document": 4, "unasked": 6}
    assert main(["refresh", "--hub", output, "--input", str(second)]) == DONE
    counts = open_hub(output).manifest.counts
    assert counts["read_corpus"]["known"] == 4
    assert counts["extract_persona"]["asked"] == 6 + 2
    assert server.counts()["paid"] == 12
