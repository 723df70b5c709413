"""build, end to end: the same input gives the same hub, whatever the runner, the order of files or the attempt."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from persona_hub.pipelines.cli.exit_status import BUDGET_SPENT, DONE, FAILED, WRONG_COMMAND
from persona_hub.pipelines.main import main
from persona_hub.transforms.hub.current import read_current
from persona_hub.transforms.hub.reading import read_table
from persona_hub.transforms.hub.schemas import TABLES
from persona_hub.transforms.hub.versions import list_runs, open_hub
from tests.helpers import hubs
from tests.helpers.hubs import RUNNER, dead_letters, personas, samples

pytestmark = pytest.mark.usefixtures("dag_runner")
USE = "--embedder=use"


def build(corpus: Path, output: Path, *flags: str) -> Path:
    """A hub whose vectors are those of the sentence encoder: of the same bits wherever they are computed."""
    return hubs.build(corpus, output, USE, *flags)


@pytest.fixture(scope="module")
def corpus(examples: Path) -> Path:
    return examples / "corpus"


@pytest.fixture(scope="module")
def hub(dag_runner: str, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hub of the examples, two hops, samples of two use cases."""
    return build(corpus, tmp_path_factory.mktemp("hub"))


def test_the_manifest_names_the_runner(dag_runner: str, hub: Path) -> None:
    assert open_hub(str(hub)).manifest.runner == dag_runner


def test_every_record_is_accounted_for(hub: Path) -> None:
    counts = open_hub(str(hub)).manifest.counts
    read = counts["read_corpus"]
    assert read["records"] == sum(n for name, n in read.items() if name != "records")
    assert read["document"] >= 40
    asked = counts["extract_persona"]
    assert asked["asked"] == read["document"] == asked["answered"]
    assert counts["embed_dedup"]["kept"] == len(personas(hub)) > 60
    assert {letter["reason"] for letter in dead_letters(hub)} >= {"gzip-truncated", "broken-json"}
    assert counts["write_hub"]["dead_letters"] == len(dead_letters(hub))


def test_hops_are_followed_and_remembered(hub: Path) -> None:
    made = {one.persona_id: one for one in personas(hub)}
    assert {one.hop for one in made.values()} == {0, 1, 2}
    children = [one for one in made.values() if one.hop and one.parent_id in made]
    assert children
    for child in children:
        parent = made[child.parent_id]
        assert (child.hop, child.document_id, child.origin) == (parent.hop + 1, parent.document_id, "relation")


def test_a_sample_for_every_persona_and_use_case(hub: Path) -> None:
    ids = {one.persona_id for one in personas(hub)}
    for use_case in ("math", "tool"):
        assert {row["persona_id"] for row in samples(hub, use_case)} == ids
        assert all(row["model"] == "offline" and row["synthesized text"] for row in samples(hub, use_case))


def test_the_same_build_again_does_nothing(hub: Path, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(hub.rglob("*"))
    build(corpus, hub)
    assert "nothing is to be done" in capsys.readouterr().out
    assert sorted(hub.rglob("*")) == before


def test_the_same_build_with_another_use_case_names_the_command_that_makes_its_samples(
    hub: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["build", "--input", str(corpus), "--output", str(hub), USE, "--expand_hops", "2", "--use_case"]
    assert main([*command, "math,game_npc"]) == BUDGET_SPENT
    said = capsys.readouterr().out
    asked = f"persona-hub synthesize --hub {hub} --output {hub} --use_case game_npc"
    assert f"samples of game_npc are lacking; they are made by: {asked}" in said
    assert f"{hub} already holds the personas of this command" in said
    assert "nothing is to be done" not in said


def test_another_build_into_the_same_folder_is_refused(
    hub: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["build", "--input", str(corpus), "--output", str(hub), "--expand_hops", "1"])
    assert code == WRONG_COMMAND
    assert "persona-hub refresh" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--direct_running_mode=multi_processing", "--direct_num_workers=2"],
        ["--partitions=3"],
        ["--partitions=64", "--max_in_flight=1"],
    ],
    ids=["again", "two processes", "few partitions", "many partitions"],
)
def test_the_same_ids_and_samples(flags: list[str], hub: Path, corpus: Path, tmp_path: Path) -> None:
    other = build(corpus, tmp_path, *flags)
    assert tables(other) == tables(hub)
    assert key_of(samples(other, "math")) == key_of(samples(hub, "math"))
    assert key_of(samples(other, "tool")) == key_of(samples(hub, "tool"))


def test_the_order_of_files_does_not_matter(hub: Path, corpus: Path, tmp_path: Path) -> None:
    """Other names, so that files are read in another order and sources differ; what is made of them does not."""
    shuffled = tmp_path / "shuffled"
    shuffled.mkdir()
    for number, file in enumerate(sorted(corpus.iterdir(), reverse=True)):
        shutil.copy(file, shuffled / f"{number:02}-{file.name}")
    everyone = ["--where", "country!=XX and given.a='' and cluster!=x", "--choose", "diverse", "--max_samples", "1000"]
    other = build(shuffled, tmp_path / "out", *everyone)
    assert {one.persona_id: one.text for one in personas(other)} == {one.persona_id: one.text for one in personas(hub)}
    assert key_of(samples(other, "math")) == key_of(samples(hub, "math"))


def test_nothing_to_read_is_an_error_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--input", f"{tmp_path}/*.jsonl", "--output", f"{tmp_path}/out"]) == WRONG_COMMAND
    assert "matches no file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_corpus_without_a_document_gives_no_hub(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "short.txt").write_text("Too short.")
    output = str(tmp_path / "out")
    assert main(["build", "--input", str(tmp_path / "short.txt"), "--output", output, *RUNNER]) == FAILED
    assert "kept none of 1 record (1 too-short); --min_characters" in capsys.readouterr().err
    assert not read_current(output)


def test_samples_for_a_hub_that_is_there(hub: Path, tmp_path: Path) -> None:
    command = ["synthesize", "--hub", str(hub), "--output", str(tmp_path), "--use_case", "instruction"]
    assert main([*command, "--samples_per_persona", "2", "--max_samples", "10", *RUNNER]) == DONE
    rows = samples(tmp_path, "instruction")
    assert len(rows) == 10
    assert len({row["synthesized text"] for row in rows}) == 10
    assert sorted({row["number"] for row in rows}) == [0, 1]


def tables(output: Path) -> dict[str, list[str]]:
    """All rows of all tables, in an order of their own."""
    hub = open_hub(str(output))
    return {kind: sorted(map(repr, read_table(hub, kind, record))) for kind, record in TABLES.items()}


def test_samples_of_personas_that_were_chosen(hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["synthesize", "--hub", str(hub), "--output", str(tmp_path), "--use_case", "instruction", *RUNNER]
    few = [*command, "--where", "hop<2 and country!=XX", "--choose", "diverse", "--samples_per_persona", "3"]
    assert main([*few, "--max_samples", "5"]) == DONE
    rows = samples(tmp_path, "instruction")
    assert sorted(row["number"] for row in rows) == [0, 0, 1, 1, 2], "the second persona gives what is left"
    hops = {one.persona_id: one.hop for one in personas(hub)}
    assert all(hops[row["persona_id"]] < 2 for row in rows)
    [(_, run)] = list_runs(str(tmp_path))
    assert run.parameters["where"] == "hop<2 and country!=XX"
    assert run.parameters["choose"] == "diverse"
    capsys.readouterr()
    assert main([*few, "--max_samples=5"]) == DONE
    assert f"already holds these samples, as run {run.run}" in capsys.readouterr().out
    none = [*command, "--where", "hop>5"]
    assert main(none) == FAILED
    assert "--where hop>5 holds of no persona" in capsys.readouterr().err
    assert len(list_runs(str(tmp_path))) == 1


def key_of(rows: list[dict]) -> set[str]:
    return {json.dumps(row, sort_keys=True) for row in rows}
